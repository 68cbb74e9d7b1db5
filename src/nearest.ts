import { distance } from "fastest-levenshtein";

/** The names most like `wanted`, nearest first; none that is nothing like it. */
export function nearest(wanted: string, names: Iterable<string>, most = 3): string[] {
  const reach = Math.max(2, Math.floor(wanted.length / 2));
  const key = wanted.toLowerCase();
  return [...names]
    .map((name) => {
      const other = name.toLowerCase();
      return { name, far: isPartOf(key, other) || isPartOf(other, key) ? 1 : distance(key, other) };
    })
    .filter(({ far }) => far <= reach)
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, most)
    .map(({ name }) => name);
}

/** The first names, and how many more there are: `a, b and 3 more`. */
export function few(names: readonly string[], most = 5): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

/** Long enough to mean something. */
function isPartOf(part: string, whole: string): boolean {
  return part.length >= 3 && whole.includes(part);
}

/** `did you mean "a" or "b"?`, or, if nothing is near, what there is; empty if there is nothing. */
export function suggestion(wanted: string, names: Iterable<string>): string {
  const all = [...names];
  const quoted = (list: string[], last: string) =>
    list
      .map((name) => `"${name}"`)
      .join(", ")
      .replace(/, ([^,]*)$/, ` ${last} $1`);
  const near = nearest(wanted, all);
  if (near.length > 0) return `did you mean ${quoted(near, "or")}?`;
  if (all.length === 0) return "";
  const shown = all.sort().slice(0, 8);
  return `there is ${quoted(shown, "and")}${all.length > shown.length ? ` and ${all.length - shown.length} more` : ""}`;
}
