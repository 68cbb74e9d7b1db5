import { fromLocalInput, localInput } from "../time/localInput";
import type { ControlProps } from "./controls";
import { textOf } from "./values";

const TYPES = { secret: "password", email: "email", uri: "url", date: "date", time: "time" } as const;

/** A text. Plain ones may have several lines. */
export function TextControl({ field, value, onChange, attributes }: ControlProps<"text">) {
  const text = textOf(value);
  const { format } = field;
  // An empty box of an optional field means no value, not an empty string. Only in a field with a default can the user ask for an empty string.
  const set = (typed: string) => onChange(typed === "" && !field.required && field.default === undefined ? undefined : typed);
  if (format === "plain")
    return (
      <textarea
        {...attributes}
        rows={Math.min(12, text.split("\n").length)}
        value={text}
        spellcheck={false}
        onInput={(event) => set(event.currentTarget.value)}
      />
    );
  if (format === "date-time" && (text === "" || localInput(text) !== ""))
    return (
      <>
        <input
          {...attributes}
          type="datetime-local"
          step="1"
          value={localInput(text)}
          onChange={(event) => onChange(fromLocalInput(event.currentTarget.value))}
        />
        <span class="quiet">{Intl.DateTimeFormat().resolvedOptions().timeZone}</span>
      </>
    );
  // A value that a picker could not show, such as `tomorrow`, stays a string.
  const isShown = format !== "date" || text === "" || /^\d{4}-\d\d-\d\d$/.test(text);
  const type = format === "date-time" || !isShown ? "text" : TYPES[format];
  return (
    <input
      {...attributes}
      type={type as "text"}
      list={undefined}
      {...(type === "time" ? { step: "1" } : {})}
      value={text}
      autocomplete="off"
      spellcheck={false}
      onInput={(event) => set(event.currentTarget.value)}
    />
  );
}
