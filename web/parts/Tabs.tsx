import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";

export interface Tab {
  name: string;
  text: string;
  /** Called only for the open one. */
  show(): ComponentChildren;
}

interface TabsProps {
  label: string;
  tabs: readonly Tab[];
  /** Its name; an unknown one opens the first. */
  open: string;
  onOpen(name: string): void;
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1 };

/** Several views of one thing, of which one is open. */
export function Tabs({ label, tabs, open, onOpen }: TabsProps) {
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const current = tabs.find(({ name }) => name === open) ?? tabs[0];
  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined || !current) return;
    event.preventDefault();
    event.stopPropagation();
    const to = (tabs.indexOf(current) + step + tabs.length) % tabs.length;
    onOpen((tabs[to] as Tab).name);
    (list.current?.children[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <>
      <div ref={list} class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`${id}-${tab.name}`}
            aria-selected={tab === current}
            aria-controls={`${id}-panel`}
            tabIndex={tab === current ? 0 : -1}
            data-testid={`tab-${tab.name}`}
            onClick={() => onOpen(tab.name)}
          >
            {tab.text}
          </button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current?.name}`}>
        {current?.show()}
      </div>
    </>
  );
}
