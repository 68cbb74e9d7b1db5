import type { Resource } from "../state/stackStore";
import { splitReference } from "../urn";
import { type Properties, UNKNOWN } from "../wire";

/** What has to be known of a dependent of something that is deleted before its replacement is made. */
export type DependentQuestion =
  | { kind: "stays" }
  | { kind: "replaced" }
  /** Its provider decides: the inputs, with what will have changed as unknown. */
  | { kind: "ask"; inputs: Properties };

/**
 * Whether a resource may have to go together with those of `going`: when its provider goes, or when an input comes from one of them and the
 * provider says that a change of it means replacement. A property counts whole, whatever in it depends (as Pulumi's engine has it).
 */
export function dependentQuestion(resource: Resource, going: ReadonlySet<string>): DependentQuestion {
  const { custom, external, provider, inputs = {}, propertyDependencies = {} } = resource;
  if (!custom || external) return { kind: "stays" };
  if (provider && going.has(splitReference(provider).urn)) return { kind: "replaced" };
  const changing = Object.keys(inputs).filter((key) => propertyDependencies[key]?.some((urn) => going.has(urn)));
  if (changing.length === 0) return { kind: "stays" };
  return { kind: "ask", inputs: { ...inputs, ...Object.fromEntries(changing.map((key) => [key, UNKNOWN])) } };
}
