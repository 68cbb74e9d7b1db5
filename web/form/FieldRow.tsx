import { Control } from "./Control";
import { type ControlAttributes, idOf, isGroup } from "./controls";
import { type Field, kindText } from "./fields";
import { useFormState } from "./formContext";
import { problemAt } from "./problems";

interface FieldRowProps {
  field: Field;
  /** The given value; undefined: it has none. */
  given: unknown;
  pointer: string;
  onChange(value: unknown): void;
  /** The title of an item of a list or map, which has none of its own. */
  item?: string;
}

/** A field with its label, what it takes, and what is wrong with it. */
export function FieldRow({ field, given, pointer, onChange, item }: FieldRowProps) {
  const { problems } = useFormState();
  const problem = problemAt(problems, pointer, field.kind === "json");
  const id = idOf(pointer);
  const isNull = given === null || (given === undefined && field.default === null);
  const value = given === undefined ? field.default : given;
  // An editor can show null; any other control gives way to the word.
  const isHidden = isNull && field.nullable && field.kind !== "json";
  const hasHint = field.description !== undefined || field.hint !== undefined;
  const attributes: ControlAttributes = {
    id,
    "aria-describedby": [hasHint ? `${id}-hint` : "", problem ? `${id}-problem` : ""].filter(Boolean).join(" ") || undefined,
    "aria-invalid": problem !== undefined,
    "aria-required": field.required && field.default === undefined,
  };
  const label = (
    <>
      {item ?? field.title} {item === undefined && attributes["aria-required"] && <span class="required">required</span>}{" "}
      <span class="kind quiet">{kindText(field)}</span>
    </>
  );
  const inside = (
    <>
      {hasHint && (
        <p class="hint quiet" id={`${id}-hint`}>
          {[field.description, field.hint].filter(Boolean).join(" · ")}
        </p>
      )}
      <div class="field-control">
        {!isHidden && <Control field={field} value={value} pointer={pointer} onChange={onChange} attributes={attributes} />}
        {field.nullable && field.kind !== "json" && (
          <label class="check">
            <input
              type="checkbox"
              checked={isNull}
              onChange={(event) => onChange(event.currentTarget.checked ? null : blankOfNull(field))}
            />
            none <span class="quiet">(null)</span>
          </label>
        )}
        {given !== undefined && field.default !== undefined && (
          <button type="button" class="link" onClick={() => onChange(undefined)}>
            Use the default
          </button>
        )}
        {given === undefined && field.default !== undefined && <span class="default quiet">default</span>}
      </div>
      {problem && (
        <p class="problem" id={`${id}-problem`} role="alert" data-testid={`problem${pointer}`}>
          {problem}
        </p>
      )}
    </>
  );
  const classes = `field field-${field.kind} ${problem ? "wrong" : ""}`;
  if (isGroup(field))
    return (
      <fieldset class={classes} id={id} tabIndex={-1} aria-describedby={attributes["aria-describedby"]} data-field={pointer}>
        <legend>{label}</legend>
        {inside}
      </fieldset>
    );
  return (
    <div class={classes} data-field={pointer}>
      <label for={id}>{label}</label>
      {inside}
    </div>
  );
}

/** The value after null: the default if it is not null itself, or no value yet. */
function blankOfNull(field: Field): unknown {
  if (field.default !== undefined && field.default !== null) return field.default;
  if (field.kind === "text") return "";
  if (field.kind === "list" || field.kind === "tuple") return [];
  if (field.kind === "object") return {};
  if (field.kind === "boolean") return false;
  return field.kind === "choice" ? field.options[0] : "";
}
