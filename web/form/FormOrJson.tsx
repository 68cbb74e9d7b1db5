import { useState } from "preact/hooks";
import { isObject, parseExact, prettyJson } from "../server/exactJson";
import { FieldRow } from "./FieldRow";
import type { NamedField } from "./fields";
import { useFormState } from "./formContext";
import { problemAt, under } from "./problems";
import { otherKeys, type Values, withDefaults, withoutDefaults, withValue } from "./values";

interface FormOrJsonProps {
  /** What the values are: `Parameters`. */
  title: string;
  fields: readonly NamedField[];
  /** What is given; the rest has its default. */
  values: Values;
  onChange(values: Values): void;
  pointer: string;
  /** Whether the JSON editor starts with the defaults too. @default true */
  showDefaults?: boolean;
}

/** Values as a form, or as JSON. Both show the same: what is typed in one is in the other. */
export function FormOrJson({ title, fields, values, onChange, pointer, showDefaults = true }: FormOrJsonProps) {
  const { problems, setDraft } = useFormState();
  const [json, setJson] = useState<string>();
  const [fault, setFault] = useState<string>();
  const note = (message: string | undefined) => {
    setFault(message);
    setDraft(pointer, message);
  };
  const toggle = () => setJson(json === undefined ? prettyJson(showDefaults ? withDefaults(fields, values) : values) : undefined);
  const type = (text: string) => {
    setJson(text);
    const { parsed, message } = read(text, title);
    note(message);
    if (parsed) onChange(showDefaults ? withoutDefaults(fields, parsed) : parsed);
  };
  const others = otherKeys(fields, values);
  const problem = problemAt(problems, pointer, json !== undefined);
  const id = `field${pointer}`;
  return (
    <section class="form-part" aria-label={title}>
      <div class="form-part-head">
        <h2>{title}</h2>
        <button
          type="button"
          class="small"
          aria-pressed={json !== undefined}
          disabled={fault !== undefined}
          data-testid={`json${pointer}`}
          onClick={toggle}
        >
          {json === undefined ? "Edit as JSON" : "Edit as a form"}
        </button>
      </div>
      {json === undefined ? (
        <>
          {fields.length === 0 && others.length === 0 && <p class="quiet">It takes none.</p>}
          {fields.map(({ name, field }) => (
            <FieldRow
              key={name}
              field={field}
              given={values[name]}
              pointer={under(pointer, name)}
              onChange={(changed) => onChange(withValue(values, name, changed))}
            />
          ))}
          {others.map((name) => (
            <FieldRow
              key={name}
              field={{ kind: "json", title: name, required: false, nullable: false, hint: "the schema does not name it" }}
              given={values[name]}
              pointer={under(pointer, name)}
              onChange={(changed) => onChange(withValue(values, name, changed))}
            />
          ))}
        </>
      ) : (
        <textarea
          id={id}
          class="code"
          aria-label={`${title} as JSON`}
          aria-invalid={fault !== undefined || problem !== undefined}
          rows={Math.min(30, Math.max(6, json.split("\n").length + 1))}
          value={json}
          spellcheck={false}
          data-testid={`editor${pointer}`}
          onInput={(event) => type(event.currentTarget.value)}
        />
      )}
      {(fault ?? problem) && (
        <p class="problem" role="alert" data-testid={`problem${pointer}`}>
          {fault ?? problem}
        </p>
      )}
    </section>
  );
}

function read(text: string, title: string): { parsed?: Values; message?: string } {
  try {
    const parsed = parseExact(text.trim() === "" ? "{}" : text);
    return isObject(parsed) ? { parsed } : { message: `${title} must be a JSON object, such as {"name": "Ada"}` };
  } catch (error) {
    return { message: `Invalid JSON: ${(error as Error).message}` };
  }
}
