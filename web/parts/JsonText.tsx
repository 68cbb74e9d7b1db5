import { prettyJson } from "../server/exactJson";
import { CopyButton } from "./CopyButton";

/** JSON to read and to copy. @param text the exact text, if the value may have lost digits */
export function JsonText({ value, text, label }: { value: unknown; text?: string; label: string }) {
  const shown = text ?? prettyJson(value);
  return (
    <div class="json">
      <pre role="region" tabIndex={0} aria-label={label}>
        {shown}
      </pre>
      <CopyButton text={shown} />
    </div>
  );
}
