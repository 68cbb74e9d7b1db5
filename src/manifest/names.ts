/** The longest name, tag or key, in characters. */
const MAX_NAME = 255;

/** Prefect's own rule, and no control characters: a name is shown on terminals and becomes part of URLs and of names in clouds. */
const BANNED = /[/%&<>]|\p{Cc}/u;

/**
 * What is wrong with the name of a work pool, queue, block, flow or deployment; `undefined` if nothing is. The sentence goes on from the
 * field: "must not contain /".
 * Source: Prefect's `raise_on_name_with_banned_characters`.
 */
export function nameFault(name: string): string | undefined {
  const [found] = BANNED.exec(name) ?? [];
  if (found !== undefined && !/\p{Cc}/u.test(found)) return `must not contain / % & < or >`;
  // They stand for folders in a URL.
  if (name === "." || name === "..") return 'must not be "." or ".."';
  return labelFault(name);
}

/** The same of a deployment's whole name, `<flow name>/<deployment name>`. */
export function deploymentNameFault(name: unknown): string | undefined {
  const halves = typeof name === "string" ? name.split("/") : [];
  if (halves.length !== 2) return 'must be FLOW/DEPLOYMENT, for example "hello/prod"';
  return halves.map(nameFault).find((fault) => fault !== undefined);
}

/**
 * What is wrong with a string that a person gives to find things by: a flow run's name, a tag, an idempotency key. Nothing but blanks, control
 * characters (line breaks too) and more than {@link MAX_NAME} characters are refused.
 */
export function labelFault(text: string): string | undefined {
  if (text.trim() === "") return "must not be blank";
  const [control] = /\p{Cc}/u.exec(text) ?? [];
  if (control !== undefined)
    return `must not contain control characters (U+${control.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")})`;
  // In code points, as Python counts.
  const length = [...text].length;
  if (length > MAX_NAME) return `must have at most ${MAX_NAME} characters, not ${length}`;
  return undefined;
}
