import type { ControlProps } from "./controls";
import { useDraft } from "./useDraft";
import { numberFrom, textOf } from "./values";

/** A number, as text: a browser's number box loses what is not a number, and rounds what is too long. */
export function NumberControl({ field, value, onChange, attributes }: ControlProps<"number">) {
  const [text, type] = useDraft(value, textOf, (typed) => onChange(numberFrom(typed)));
  return (
    <input
      {...attributes}
      class="number"
      type="text"
      inputMode={field.integer ? "numeric" : "decimal"}
      value={text}
      autocomplete="off"
      onInput={(event) => type(event.currentTarget.value)}
    />
  );
}
