import { useEffect, useState } from "preact/hooks";
import { parseExact, prettyJson } from "../server/exactJson";
import type { ControlProps } from "./controls";
import { useFormState } from "./formContext";
import { useDraft } from "./useDraft";

/** Any JSON, as text. */
export function JsonControl({ value, pointer, onChange, attributes }: ControlProps<"json">) {
  const { setDraft } = useFormState();
  const [fault, setFault] = useState<string>();
  const note = (message: string | undefined) => {
    setFault(message);
    setDraft(pointer, message);
  };
  const [text, type] = useDraft(
    value,
    (shown) => (shown === undefined ? "" : prettyJson(shown)),
    (typed) => {
      const { parsed, message } = read(typed);
      note(message);
      if (message === undefined) onChange(parsed);
    },
  );
  useEffect(() => () => setDraft(pointer, undefined), [pointer, setDraft]);
  return (
    <>
      <textarea
        {...attributes}
        class="code"
        aria-invalid={attributes["aria-invalid"] || fault !== undefined}
        rows={Math.min(24, Math.max(2, text.split("\n").length))}
        value={text}
        spellcheck={false}
        onInput={(event) => type(event.currentTarget.value)}
      />
      {fault && (
        <p class="problem" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}

/** Empty text: no value. */
function read(text: string): { parsed?: unknown; message?: string } {
  if (text.trim() === "") return { parsed: undefined };
  try {
    return { parsed: parseExact(text) };
  } catch (error) {
    return { message: `Invalid JSON: ${(error as Error).message}` };
  }
}
