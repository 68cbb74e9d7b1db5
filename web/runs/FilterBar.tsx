import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { DeploymentList, PoolList } from "../../src/ui/wire";
import { get } from "../server/request";
import { useResource } from "../server/useResource";
import { stack } from "../shell/stack";
import { type Filters, isFiltered } from "./filters";
import { TimeFilter } from "./TimeFilter";

interface FilterBarProps {
  filters: Filters;
  onChange(filters: Filters): void;
  /** The search box, for its shortcut. */
  box: RefObject<HTMLInputElement | null>;
  /** How many runs match; undefined: not known yet. */
  total: number | undefined;
}

/** How long the reader must stop typing before the search starts. */
const PAUSE = 180;

export function FilterBar({ filters, onChange, box, total }: FilterBarProps) {
  const deployments = useResource("deployments", (signal) => get<DeploymentList>("/api/deployments", { signal })).data?.deployments ?? [];
  const pools = useResource("pools", (signal) => get<PoolList>("/api/pools", { signal })).data?.pools ?? [];
  const set = (change: Filters) => onChange({ ...filters, ...change });
  const chosen = [filters.deployment, filters.pool, filters.tag, filters.since ?? filters.until].filter(Boolean).length;
  const [isOpen, setOpen] = useState(false);
  return (
    <search class="filters">
      <PausedInput
        box={box}
        value={filters.text ?? ""}
        onChange={(text) => set({ text })}
        type="search"
        label="Search"
        hint="Name, deployment or id  ( / )"
      />
      <button type="button" class="only-narrow" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {chosen > 0 ? `Filters (${chosen})` : "Filters"}
      </button>
      <div class={`more ${isOpen ? "open" : ""}`}>
        <Choice
          label="Deployment"
          value={filters.deployment}
          options={deployments.map(({ name }) => name)}
          onChange={(deployment) => set({ deployment })}
        />
        <Choice label="Pool" value={filters.pool} options={pools.map(({ name }) => name)} onChange={(pool) => set({ pool })} />
        <PausedInput value={filters.tag ?? ""} onChange={(tag) => set({ tag })} type="text" label="Tag" hint="Tag" />
        <TimeFilter filters={filters} onChange={onChange} />
        {stack.value?.stack && (
          <label class="check">
            <input
              type="checkbox"
              checked={filters.allStacks ?? false}
              onChange={(event) => set({ allStacks: event.currentTarget.checked || undefined })}
            />
            All stacks
          </label>
        )}
      </div>
      {isFiltered(filters) && (
        <button
          type="button"
          class="link"
          onClick={() => onChange(filters.allStacks ? { allStacks: true } : {})}
          data-testid="clear-filters"
        >
          Clear
        </button>
      )}
      <span class="total quiet number" role="status" data-testid="total">
        {total === undefined ? "" : `${total.toLocaleString("en")} ${total === 1 ? "run" : "runs"}`}
      </span>
    </search>
  );
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  options: readonly string[];
  onChange(value: string | undefined): void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  const all = value !== undefined && !options.includes(value) ? [value, ...options] : options;
  return (
    <select
      aria-label={label}
      class={value === undefined ? "quiet" : "chosen"}
      value={value ?? ""}
      onChange={(event) => onChange(event.currentTarget.value || undefined)}
    >
      <option value="">{label}</option>
      {all.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
}

interface PausedInputProps {
  value: string;
  onChange(value: string | undefined): void;
  type: "search" | "text";
  label: string;
  hint: string;
  box?: RefObject<HTMLInputElement | null>;
}

/** A text box that waits until the reader stops typing. */
function PausedInput({ value, onChange, type, label, hint, box }: PausedInputProps) {
  const [typed, setTyped] = useState(value);
  const searched = useRef(value);
  useEffect(() => {
    // What this box has searched for comes back while the reader may be typing on. It must not replace that.
    if (value === searched.current) return;
    searched.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => {
      searched.current = typed;
      onChange(typed || undefined);
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <input
      ref={box ?? null}
      type={type}
      list={undefined}
      aria-label={label}
      placeholder={hint}
      value={typed}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  );
}
