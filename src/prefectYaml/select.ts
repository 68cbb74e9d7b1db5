/** A deployment as names given on the command line can mean it. */
export interface Nameable {
  /** Deployment names: as the file has it, and with its placeholders filled. */
  names: readonly string[];
  /** Flow names: the real one, where it is known, and the one that Prefect takes from the entrypoint. */
  flows: readonly string[];
}

/**
 * Whether a name given on the command line means a deployment: `prod`, `etl/prod`, with `*` for anything (`etl/*`, `nightly-*`). As in Prefect a
 * flow may be meant by its function's name.
 */
export function isMeant(given: string, { names, flows }: Nameable): boolean {
  // A name may be a file with its folder.
  if (names.includes(given)) return true;
  const slash = given.indexOf("/");
  const [flow, name] = slash < 0 ? [undefined, given] : [given.slice(0, slash), given.slice(slash + 1)];
  if (!names.some((one) => matches(name, one))) return false;
  return flow === undefined || flows.some((one) => matches(flow, one));
}

/** Each piece between the stars is looked for once, the first place that fits: no pattern takes longer than its length times the text's. */
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

/** The function that an entrypoint names, as it is and as Prefect would name its flow. */
export function flowsOf(entrypoint: string | null | undefined): string[] {
  const name = entrypoint?.split(/[:.]/).at(-1);
  return name ? [name, name.replaceAll("_", "-")] : [];
}
