/** The longest name, tag or key, in characters. */
const MAX_NAME = 255;

/** Prefect's own rule, plus control characters: names appear on terminals, and in URLs and the names of cloud resources. */
const BANNED = /[/%&<>]|\p{Cc}/u;

/**
 * Why the name of a work pool, queue, block, flow or deployment is invalid; `undefined` if it is valid. The sentence continues after the
 * field: "must not contain /".
 * Source: Prefect's `raise_on_name_with_banned_characters`.
 */
export function nameFault(name: string): string | undefined {
  const [found] = BANNED.exec(name) ?? [];
  if (found !== undefined && !/\p{Cc}/u.test(found)) return `must not contain / % & < or >`;
  // URLs treat these as folders.
  if (name === "." || name === "..") return 'must not be "." or ".."';
  return labelFault(name);
}

/** The same for the full name of a deployment, `<flow name>/<deployment name>`. */
export function deploymentNameFault(name: unknown): string | undefined {
  const halves = typeof name === "string" ? name.split("/") : [];
  if (halves.length !== 2) return 'must be FLOW/DEPLOYMENT, for example "hello/prod"';
  return halves.map(nameFault).find((fault) => fault !== undefined);
}

/**
 * Why a label is invalid: the name of a flow run, a tag, an idempotency key. A label must not be blank, must not contain control characters
 * (such as line breaks), and must have at most {@link MAX_NAME} characters.
 */
export function labelFault(text: string): string | undefined {
  if (text.trim() === "") return "must not be blank";
  const [control] = /\p{Cc}/u.exec(text) ?? [];
  if (control !== undefined)
    return `must not contain control characters (U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")})`;
  // Python counts code points.
  const length = [...text].length;
  if (length > MAX_NAME) return `must have at most ${MAX_NAME} characters, not ${length}`;
  return undefined;
}
