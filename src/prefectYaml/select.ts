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
  if (!names.some((one) => matcher(name).test(one))) return false;
  return flow === undefined || flows.some((one) => matcher(flow).test(one));
}

function matcher(pattern: string): RegExp {
  const escaped = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join("[\\s\\S]*")}$`);
}

/** The function that an entrypoint names, as it is and as Prefect would name its flow. */
export function flowsOf(entrypoint: string | null | undefined): string[] {
  const name = entrypoint?.split(/[:.]/).at(-1);
  return name ? [name, name.replaceAll("_", "-")] : [];
}
