import type { ControlProps } from "./controls";

/** True or false, or neither yet. */
export function BooleanControl({ value, pointer, onChange, attributes }: ControlProps<"boolean">) {
  return (
    <>
      {[true, false].map((option) => (
        <label key={String(option)} class="check">
          <input
            type="radio"
            name={pointer}
            checked={value === option}
            aria-describedby={attributes["aria-describedby"]}
            onChange={() => onChange(option)}
          />
          {String(option)}
        </label>
      ))}
    </>
  );
}
