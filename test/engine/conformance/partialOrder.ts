import type { JsonObject } from "../../../src/json";
import type { RecordedEvent } from "./recording";

/**
 * The partial order that Pulumi's engine keeps under any load. Every recorded step that succeeds must keep it, and so must ours.
 *
 * 1. The events of one resource come in a fixed order: `pre` of an op before `outputs` of that op. The kind of a replacement decides the
 * order of its halves. (Compared as the sequence of each URN, without the outputs of components and the stack, which may come at any time.)
 * 2. A resource starts only when everything that it requires (parent, provider, dependency) is created, changed or kept. (A refresh reads
 * in any order.)
 * 3. A deletion, or the discarding of an external resource, is finished before the deletion of what that resource requires starts.
 * 4. Resources that the program no longer declares are deleted after everything that it declares is done. So are old halves of replacements
 * that were created while the old resource still existed.
 *
 * @returns a sentence for each violation
 */
export function orderViolations(events: readonly RecordedEvent[], before: readonly JsonObject[], after: readonly JsonObject[]): string[] {
  const wrong: string[] = [];
  const at = (match: (event: RecordedEvent) => boolean) => events.findIndex(match);
  const lastAt = (match: (event: RecordedEvent) => boolean) => events.findLastIndex(match);
  const isDeletion = ([, op]: RecordedEvent) => op.startsWith("delete") || op.startsWith("discard");
  const isRefreshed = (urn: string) => events.some(([event, op, whose]) => event === "pre" && op === "refresh" && whose === urn);
  const isDeclared = (event: RecordedEvent) => !isDeletion(event) && event[1] !== "refresh" && !isRefreshed(event[2]);
  const isComponent = (urn: string) => [...before, ...after].some((resource) => resource.urn === urn && resource.custom === false);

  for (const [index, [event, op, urn]] of events.entries()) {
    if (event === "pre") continue;
    const begun = at(([kind, which, whose]) => kind === "pre" && whose === urn && (which === op || which === "refresh"));
    if (begun < 0 || begun > index) wrong.push(`${op} of ${urn} was reported before it started`);
  }
  for (const resource of after)
    for (const need of needs(resource)) {
      const begun = at((event) => event[2] === resource.urn && isDeclared(event));
      const done = lastAt((event) => event[2] === need && isDeclared(event) && event[0] === (isComponent(need) ? "pre" : "outputs"));
      if (begun >= 0 && done > begun && !isComponent(need)) wrong.push(`${resource.urn} started before ${need} was done`);
    }
  for (const resource of before)
    for (const need of needs(resource)) {
      const done = lastAt((event) => event[2] === resource.urn && event[0] === "outputs" && event[1] === "delete");
      const begun = at((event) => event[2] === need && event[0] === "pre" && event[1] === "delete");
      if (begun >= 0 && done > begun) wrong.push(`${need} was deleted before ${resource.urn}, which requires it`);
    }
  const lastDeclared = lastAt((event) => event[0] === "pre" && isDeclared(event));
  const firstDeleted = at((event) => event[0] === "pre" && event[1] === "delete");
  if (firstDeleted >= 0 && lastDeclared > firstDeleted) wrong.push("a deletion started before all declared resources had started");
  return wrong;
}

function needs({ parent, provider, dependencies }: JsonObject): string[] {
  const reference = typeof provider === "string" ? [provider.slice(0, provider.lastIndexOf("::"))] : [];
  return [...(typeof parent === "string" ? [parent] : []), ...reference, ...((dependencies as string[] | undefined) ?? [])];
}
