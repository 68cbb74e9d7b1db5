import type { JsonObject } from "../../../src/json";
import type { Heard } from "./recording";

/**
 * The partial order that the real engine keeps, whatever the machine's load: every recorded step that succeeds is held to it as well as ours.
 *
 * 1. One resource: its events come in one order, `pre` of an op before `outputs` of that op, a replacement's halves before or after each other as the
 *    kind of replacement has it. (Compared as the sequence of each URN, without what a component or the stack says at leisure.)
 * 2. What another needs (parent, provider, a dependency) is planned and done before the other is begun: made, changed or kept. (What is only read, at
 *    a refresh, is read in any order.)
 * 3. A deletion (or the discarding of what was only read) is done before the deletion of what the deleted one needs is begun.
 * 4. What the program no longer declares is deleted after everything that it declares is done; so are the old halves of replacements that were made
 *    while the old one stood.
 *
 * @returns what is out of order, in words
 */
export function inTheirOrder(events: readonly Heard[], before: readonly JsonObject[], after: readonly JsonObject[]): string[] {
  const wrong: string[] = [];
  const at = (match: (event: Heard) => boolean) => events.findIndex(match);
  const lastAt = (match: (event: Heard) => boolean) => events.findLastIndex(match);
  const isDeletion = ([, op]: Heard) => op.startsWith("delete") || op.startsWith("discard");
  const isRefreshed = (urn: string) => events.some(([event, op, whose]) => event === "pre" && op === "refresh" && whose === urn);
  const isDeclared = (event: Heard) => !isDeletion(event) && event[1] !== "refresh" && !isRefreshed(event[2]);
  const isComponent = (urn: string) => [...before, ...after].some((resource) => resource.urn === urn && resource.custom === false);

  for (const [index, [event, op, urn]] of events.entries()) {
    if (event === "pre") continue;
    const begun = at(([kind, which, whose]) => kind === "pre" && whose === urn && (which === op || which === "refresh"));
    if (begun < 0 || begun > index) wrong.push(`${op} of ${urn} was told before it was begun`);
  }
  for (const resource of after)
    for (const need of needs(resource)) {
      const begun = at((event) => event[2] === resource.urn && isDeclared(event));
      const done = lastAt((event) => event[2] === need && isDeclared(event) && event[0] === (isComponent(need) ? "pre" : "outputs"));
      if (begun >= 0 && done > begun && !isComponent(need)) wrong.push(`${resource.urn} was begun before ${need} was done`);
    }
  for (const resource of before)
    for (const need of needs(resource)) {
      const done = lastAt((event) => event[2] === resource.urn && event[0] === "outputs" && event[1] === "delete");
      const begun = at((event) => event[2] === need && event[0] === "pre" && event[1] === "delete");
      if (begun >= 0 && done > begun) wrong.push(`${need} was deleted before ${resource.urn}, which needs it`);
    }
  const lastDeclared = lastAt((event) => event[0] === "pre" && isDeclared(event));
  const firstDeleted = at((event) => event[0] === "pre" && event[1] === "delete");
  if (firstDeleted >= 0 && lastDeclared > firstDeleted) wrong.push("something was deleted before all that is declared was begun");
  return wrong;
}

function needs({ parent, provider, dependencies }: JsonObject): string[] {
  const reference = typeof provider === "string" ? [provider.slice(0, provider.lastIndexOf("::"))] : [];
  return [...(typeof parent === "string" ? [parent] : []), ...reference, ...((dependencies as string[] | undefined) ?? [])];
}
