import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { recall, remember } from "./settings";

/** What a key does, for the list that `?` shows. */
export interface Shortcut {
  /** As `KeyboardEvent.key`; several do the same. */
  keys: string[];
  does: string;
  run(event: KeyboardEvent): void;
  /** Also while the reader types in a field. */
  inFields?: boolean;
}

/** Single keys disturb who dictates: they can be switched off (WCAG 2.1.4). */
export const shortcutsOn = signal(recall("shortcuts") !== "off");
export const shortcutsShown = signal(false);

/** What works now, the newest first. */
export const active = signal<readonly (() => readonly Shortcut[])[]>([]);

export function switchShortcuts(on: boolean): void {
  shortcutsOn.value = on;
  remember("shortcuts", on ? "on" : "off");
}

/** Shortcuts that work while a component is on the page. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const mine = () => latest.current;
    active.value = [mine, ...active.value];
    return () => {
      active.value = active.value.filter((one) => one !== mine);
    };
  }, []);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const target = event.target as HTMLElement;
  const inField = target.matches("input, textarea, select");
  // Enter and space belong to a focused link or button.
  const isControl = target.matches("a, button, summary") && (event.key === "Enter" || event.key === " ");
  if (isControl || (!shortcutsOn.value && event.key.length === 1)) return;
  for (const list of active.value) {
    const found = list().find(({ keys, inFields }) => keys.includes(event.key) && (!inField || inFields));
    if (!found) continue;
    event.preventDefault();
    found.run(event);
    return;
  }
});
