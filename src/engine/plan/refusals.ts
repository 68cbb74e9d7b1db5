import { UserError } from "../../userError";
import { type Properties, withOpenSecrets } from "../propertyWire";
import type { CheckFailure } from "../provider";
import type { Resource } from "../state/stackStore";
import { nameOf } from "../urn";
import type { Goal } from "./goal";

/** Why a program cannot be planned. */

/** A goal cannot be planned. `urn` is the resource concerned. */
export class PlanFailed extends UserError {
  constructor(
    message: string,
    readonly urn: string,
  ) {
    super(message);
  }
}

export function duplicateUrn(urn: string): PlanFailed {
  return new PlanFailed(`Duplicate resource URN '${urn}'; try giving it a unique name`, urn);
}

export function otherKind(urn: string, { name, type, custom }: Goal): PlanFailed {
  const [before, now] = custom ? ["component", "resource"] : ["resource", "component"];
  return new PlanFailed(
    `"${name}" of type ${type} is a ${before} in the state, but a ${now} in the program: give one of them another name`,
    urn,
  );
}

/** What a provider says about inputs that it does not accept. */
export function invalidInputs(urn: string, news: Properties, failures: readonly CheckFailure[]): PlanFailed {
  const [type, name] = [urn.split("::")[2]?.split("$").at(-1), nameOf(urn)];
  const lines = failures.map(({ property, reason }) =>
    property
      ? `${type} resource '${name}': property ${property} value ${shownValue(news, property)} has a problem: ${reason}`
      : `${type} resource '${name}' has a problem: ${reason}`,
  );
  return new PlanFailed(lines.join("\n"), urn);
}

export function unknownTarget(target: string): PlanFailed {
  const hint = target.includes("$") ? "" : ". Did you forget to escape $ in your shell?";
  return new PlanFailed(`Target '${target}' could not be found in the stack${hint}`, "");
}

export function untargetedDeletions(urns: readonly string[]): string {
  const messages = urns.map(
    (urn) =>
      `Resource '${urn}' will be destroyed but was not specified in --target list.\nEither include resource in --target list or pass --target-dependents to proceed.`,
  );
  return messages.join("\n");
}

export function skippedRequirement(urn: string, missing: string): string {
  return `Resource '${urn}' depends on '${missing}' which was not specified in --target list`;
}

export function protectedReplacement(urn: string): string {
  return `unable to replace resource "${urn}"\nas it is currently marked for protection: remove its protect option first, then \`up\``;
}

/** A replacement would have another id than the program's option `import`. @param keys the properties that need it */
export function importedReplacement(goal: Goal, old: Resource, next: Resource, keys: readonly string[]): string {
  const changes = keys.map((key) => `${key} ${shownValue(old.inputs ?? {}, key)} => ${shownValue(next.inputs ?? {}, key)}`);
  return (
    `"${goal.name}" still has the option import: "${goal.importId}", but would have to be replaced: ${changes.join(", ")}. ` +
    "Change the program to match the resource, or remove the option"
  );
}

/** A value for an error message, or "[secret]" if it contains a secret. */
function shownValue(news: Properties, property: string): string {
  const value = news[property];
  if (value === undefined) return "{<nil>}";
  return JSON.stringify(withOpenSecrets(value)) === JSON.stringify(value)
    ? `{${typeof value === "string" ? value : JSON.stringify(value)}}`
    : "[secret]";
}
