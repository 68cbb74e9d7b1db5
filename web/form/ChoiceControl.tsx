import { sameJson } from "../server/exactJson";
import type { ControlProps } from "./controls";

/** One of a list of values. */
export function ChoiceControl({ field, value, onChange, attributes }: ControlProps<"choice">) {
  const at = field.options.findIndex((option) => sameJson(option, value));
  const isOther = at < 0 && value !== undefined && value !== "";
  return (
    <select {...attributes} value={String(at)} onChange={(event) => onChange(field.options[Number(event.currentTarget.value)])}>
      {at < 0 && <option value="-1">{isOther ? `${text(value)} (not in the list)` : "Choose…"}</option>}
      {field.options.map((option, index) => (
        <option key={text(option)} value={String(index)}>
          {text(option)}
        </option>
      ))}
    </select>
  );
}

function text(option: unknown): string {
  return typeof option === "string" ? option : JSON.stringify(option);
}
