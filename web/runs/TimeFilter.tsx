import { useState } from "preact/hooks";
import { fromLocalInput, localInput } from "../time/localInput";
import type { Filters } from "./filters";

const SPANS = [
  ["1h", "Last hour"],
  ["24h", "Last day"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
] as const;

/** When a run was created: a span up to now, or between two times. */
export function TimeFilter({ filters, onChange }: { filters: Filters; onChange(filters: Filters): void }) {
  const { since, until, ...rest } = filters;
  const isSpan = SPANS.some(([span]) => span === since) && until === undefined;
  const [isOpen, setOpen] = useState(false);
  const isBetween = isOpen || (!isSpan && (since !== undefined || until !== undefined));
  const choose = (value: string) => {
    setOpen(value === "between");
    if (value !== "between") onChange(value === "" ? rest : { ...rest, since: value });
  };
  const set = (name: "since" | "until", text: string) => onChange({ ...(isSpan ? rest : filters), [name]: fromLocalInput(text) });
  return (
    <>
      <select
        aria-label="Created"
        class={isSpan || isBetween ? "chosen" : "quiet"}
        value={isBetween ? "between" : (since ?? "")}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">Created</option>
        {SPANS.map(([span, text]) => (
          <option key={span} value={span}>
            {text}
          </option>
        ))}
        <option value="between">Between…</option>
      </select>
      {isBetween && (
        <span class="between">
          <input
            type="datetime-local"
            step="1"
            aria-label="Created from"
            value={localInput(since)}
            onChange={(event) => set("since", event.currentTarget.value)}
          />
          –
          <input
            type="datetime-local"
            step="1"
            aria-label="Created before"
            value={localInput(until)}
            onChange={(event) => set("until", event.currentTarget.value)}
          />
        </span>
      )}
    </>
  );
}
