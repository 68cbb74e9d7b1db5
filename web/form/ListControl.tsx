import type { ControlProps } from "./controls";
import { FieldRow } from "./FieldRow";
import { JsonControl } from "./JsonControl";
import { under } from "./problems";
import { blankOf } from "./values";

/** A list of any length. */
export function ListControl({ field, value, pointer, onChange, attributes }: ControlProps<"list">) {
  if (value !== undefined && !Array.isArray(value))
    return <JsonControl field={{ ...field, kind: "json" }} value={value} pointer={pointer} onChange={onChange} attributes={attributes} />;
  const items: unknown[] = value ?? [];
  const swap = (one: number, other: number) =>
    onChange(items.map((item, at) => items[at === one ? other : at === other ? one : at] ?? item));
  return (
    <div class="nested">
      {items.map((item, at) => (
        <div key={at} class="item">
          <FieldRow
            field={field.item}
            item={String(at + 1)}
            given={item}
            pointer={under(pointer, at)}
            onChange={(changed) => onChange(items.map((old, index) => (index === at ? changed : old)))}
          />
          <span class="item-buttons">
            <button
              type="button"
              class="small"
              aria-label={`Move item ${at + 1} up`}
              title="Up"
              disabled={at === 0}
              onClick={() => swap(at, at - 1)}
            >
              ↑
            </button>
            <button
              type="button"
              class="small"
              aria-label={`Remove item ${at + 1}`}
              title="Remove"
              onClick={() => onChange(items.filter((_, index) => index !== at))}
            >
              ×
            </button>
          </span>
        </div>
      ))}
      <button type="button" class="small" onClick={() => onChange([...items, blankOf(field.item)])}>
        Add an item
      </button>
    </div>
  );
}
