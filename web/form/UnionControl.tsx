import { useState } from "preact/hooks";
import { Control } from "./Control";
import type { ControlProps } from "./controls";
import { fits, optionFor } from "./fields";
import { blankOf } from "./values";

/** A value of one of several types: first the type, then the value. */
export function UnionControl({ field, value, pointer, onChange, attributes }: ControlProps<"union">) {
  const [chosen, setChosen] = useState(() => optionFor(field.options, value));
  // While a value is typed it may fit no option, or another one too; the choice stays. A value from elsewhere decides again.
  const current =
    value === undefined || field.options[chosen] === undefined || !isElsewhere(field.options, chosen, value)
      ? chosen
      : optionFor(field.options, value);
  const option = field.options[current];
  const change = (to: number) => {
    const next = field.options[to];
    setChosen(to);
    if (next && !fits(next, value)) onChange(blankOf(next));
  };
  return (
    <div class="union">
      <select aria-label={`Type of ${field.title}`} value={String(current)} onChange={(event) => change(Number(event.currentTarget.value))}>
        {field.options.map(({ title }, at) => (
          <option key={at} value={String(at)}>
            {title}
          </option>
        ))}
      </select>
      {option && (
        <Control
          key={current}
          field={option}
          value={value}
          pointer={pointer}
          onChange={onChange}
          attributes={{ ...attributes, id: `${attributes.id}-value` }}
        />
      )}
    </div>
  );
}

/** Whether a value fits only another option than the chosen one, and is not just a value that is still typed. */
function isElsewhere(options: ControlProps<"union">["field"]["options"], chosen: number, value: unknown): boolean {
  const mine = options[chosen];
  return mine !== undefined && typeof value !== "string" && !fits(mine, value) && options.some((option) => fits(option, value));
}
