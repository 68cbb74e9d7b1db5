import { UNKNOWN } from "../../unknown";
import type { Properties } from "../propertyWire";
import type { Resource } from "../state/stackStore";
import { splitReference } from "../urn";

/** Whether a dependent must be replaced too, when the resource that it depends on is deleted before its replacement is created. */
export type DependentQuestion =
  | { kind: "stays" }
  | { kind: "replaced" }
  /** Its provider decides. `inputs` has an unknown value for each property that will change. */
  | { kind: "ask"; inputs: Properties };

/**
 * Whether a resource may have to be replaced together with the resources in `going`. There are two cases: its provider is replaced, or
 * one of its inputs comes from them. In the second case its provider decides whether a change of that input is a replacement.
 * A property counts as a whole, even if only a part of it depends on them. Pulumi's engine does the same.
 */
export function dependentQuestion(resource: Resource, going: ReadonlySet<string>): DependentQuestion {
  const { custom, external, provider, inputs = {}, propertyDependencies = {} } = resource;
  if (!custom || external) return { kind: "stays" };
  if (provider && going.has(splitReference(provider).urn)) return { kind: "replaced" };
  const changing = Object.keys(inputs).filter((key) => propertyDependencies[key]?.some((urn) => going.has(urn)));
  if (changing.length === 0) return { kind: "stays" };
  return { kind: "ask", inputs: { ...inputs, ...Object.fromEntries(changing.map((key) => [key, UNKNOWN])) } };
}
