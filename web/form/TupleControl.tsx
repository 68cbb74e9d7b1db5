import type { ControlProps } from "./controls";
import { FieldRow } from "./FieldRow";
import { under } from "./problems";
import { blankOf } from "./values";

/** A list of a fixed length, with a field for each place. */
export function TupleControl({ field, value, pointer, onChange }: ControlProps<"tuple">) {
  const items = Array.isArray(value) ? value : [];
  return (
    <div class="nested">
      {field.items.map((item, at) => (
        <FieldRow
          key={at}
          field={item}
          given={items[at]}
          pointer={under(pointer, at)}
          onChange={(changed) => onChange(field.items.map((one, index) => (index === at ? changed : (items[index] ?? blankOf(one)))))}
        />
      ))}
    </div>
  );
}
