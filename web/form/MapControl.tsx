import { useState } from "preact/hooks";
import { FieldRow } from "./FieldRow";
import type { Field } from "./fields";
import { under } from "./problems";
import { blankOf, type Values, withValue } from "./values";

interface MapControlProps {
  /** The field of each value. */
  item: Field;
  values: Values;
  /** Those of the values that have no field of their own. */
  names: readonly string[];
  pointer: string;
  onChange(values: Values): void;
}

/** Values under names that the reader chooses, such as environment variables. */
export function MapControl({ item, values, names, pointer, onChange }: MapControlProps) {
  const [name, setName] = useState("");
  const isTaken = name in values;
  const add = () => {
    if (name === "" || isTaken) return;
    onChange({ ...values, [name]: blankOf({ ...item, nullable: false }) });
    setName("");
  };
  return (
    <>
      {names.map((one) => (
        <div key={one} class="item">
          <FieldRow
            field={item}
            item={one}
            given={values[one]}
            pointer={under(pointer, one)}
            onChange={(changed) => onChange({ ...values, [one]: changed })}
          />
          <button
            type="button"
            class="small"
            aria-label={`Remove ${one}`}
            title="Remove"
            onClick={() => onChange(withValue(values, one, undefined))}
          >
            ×
          </button>
        </div>
      ))}
      <div class="add">
        <input
          type="text"
          aria-label="Name to add"
          placeholder="Name"
          value={name}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setName(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            add();
          }}
        />
        <button type="button" class="small" disabled={name === "" || isTaken} onClick={add}>
          Add
        </button>
        {isTaken && <span class="quiet">{name} is there already</span>}
      </div>
    </>
  );
}
