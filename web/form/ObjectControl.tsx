import { isObject } from "../server/exactJson";
import type { ControlProps } from "./controls";
import { FieldRow } from "./FieldRow";
import { JsonControl } from "./JsonControl";
import { MapControl } from "./MapControl";
import { under } from "./problems";
import { otherKeys, type Values, withValue } from "./values";

/** An object: a field for each known name, and names of the reader's own if the schema allows them. */
export function ObjectControl({ field, value, pointer, onChange, attributes }: ControlProps<"object">) {
  // A value of another shape, from an earlier run, can only be shown as it is.
  if (value !== undefined && !isObject(value))
    return <JsonControl field={{ ...field, kind: "json" }} value={value} pointer={pointer} onChange={onChange} attributes={attributes} />;
  const values: Values = value ?? {};
  const others = otherKeys(field.fields, values);
  return (
    <div class="nested">
      {field.fields.map(({ name, field: part }) => (
        <FieldRow
          key={name}
          field={part}
          given={values[name]}
          pointer={under(pointer, name)}
          onChange={(changed) => onChange(withValue(values, name, changed))}
        />
      ))}
      {field.more && <MapControl item={field.more} values={values} names={others} pointer={pointer} onChange={onChange} />}
      {!field.more && others.length > 0 && <p class="hint quiet">Also has {others.join(", ")}. Edit as JSON to change that.</p>}
    </div>
  );
}
