/** The names by which the command line can select a deployment. */
export interface Nameable {
  /** The deployment name in the file, and the same with its placeholders filled. */
  names: readonly string[];
  /** The flow's own name, if it is known, and the name that Prefect takes from the entrypoint. */
  flows: readonly string[];
}

/**
 * Whether a name on the command line selects a deployment: `prod`, `etl/prod`, with `*` as a wildcard (`etl/*`, `nightly-*`). As in Prefect, the
 * name of a flow's function selects the flow.
 */
export function isMeant(given: string, { names, flows }: Nameable): boolean {
  // A deployment name may be a file path with slashes.
  if (names.includes(given)) return true;
  const slash = given.indexOf("/");
  const [flow, name] = slash < 0 ? [undefined, given] : [given.slice(0, slash), given.slice(slash + 1)];
  if (!names.some((one) => matches(name, one))) return false;
  return flow === undefined || flows.some((one) => matches(flow, one));
}

/** Match a pattern. Each piece between the stars is searched once, so the time is at most the product of both lengths. */
function matches(pattern: string, text: string): boolean {
  const [first = "", ...others] = pattern.split("*");
  const last = others.pop();
  if (last === undefined) return text === first;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let from = first.length;
  for (const piece of others) {
    const found = text.indexOf(piece, from);
    if (found < 0 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}

/** The name of the function in an entrypoint, and the name that Prefect would give its flow. */
export function flowsOf(entrypoint: string | null | undefined): string[] {
  const name = entrypoint?.split(/[:.]/).at(-1);
  return name ? [name, name.replaceAll("_", "-")] : [];
}
