import { distance } from "fastest-levenshtein";
import { oneLine } from "./shown";

/** The names that are similar to `wanted`, the most similar first. */
export function nearest(wanted: string, names: Iterable<string>, max = 3): string[] {
  const maxDistance = Math.max(2, Math.floor(wanted.length / 2));
  const key = wanted.toLowerCase();
  return [...names]
    .map((name) => {
      const other = name.toLowerCase();
      return { name, far: isPartOf(key, other) || isPartOf(other, key) ? 1 : distance(key, other) };
    })
    .filter(({ far }) => far <= maxDistance)
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, max)
    .map(({ name }) => name);
}

/** The first names, and the number of the others: `a, b and 3 more`. */
export function few(names: readonly string[], max = 5): string {
  return names.length <= max ? names.join(", ") : `${names.slice(0, max).join(", ")} and ${names.length - max} more`;
}

/** A shorter part would match too many names. */
function isPartOf(part: string, whole: string): boolean {
  return part.length >= 3 && whole.includes(part);
}

/** `did you mean "a" or "b"?`. If no name is similar, the names that exist. Empty if there are none. */
export function suggestion(wanted: string, names: Iterable<string>): string {
  const all = [...names];
  const quoted = (list: string[], last: string) =>
    list
      .map((name) => `"${oneLine(name)}"`)
      .join(", ")
      .replace(/, ([^,]*)$/, ` ${last} $1`);
  const near = nearest(wanted, all);
  if (near.length > 0) return `did you mean ${quoted(near, "or")}?`;
  if (all.length === 0) return "";
  const shown = all.sort().slice(0, 8);
  return `there is ${quoted(shown, "and")}${all.length > shown.length ? ` and ${all.length - shown.length} more` : ""}`;
}
