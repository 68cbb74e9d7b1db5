import type { FieldProblem } from "../../src/ui/wire";

/** What is wrong, by the JSON pointer of the field. */
export type Problems = ReadonlyMap<string, string>;

export const NO_PROBLEMS: Problems = new Map();

/** By pointer; several of one field become one message. */
export function byPointer(fields: readonly FieldProblem[] = []): Problems {
  const problems = new Map<string, string>();
  for (const { path, message } of fields) {
    const before = problems.get(path);
    problems.set(path, before === undefined ? message : `${before}. ${message}`);
  }
  return problems;
}

/** The pointer of a part: `/parameters/site` and `a/b` give `/parameters/site/a~1b`. */
export function under(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** What is wrong with a field itself. @param whole also with what is inside it, for a field that shows its inside as one text */
export function problemAt(problems: Problems, pointer: string, whole = false): string | undefined {
  const own = problems.get(pointer);
  if (!whole) return own;
  const inside = [...problems]
    .filter(([path]) => path.startsWith(`${pointer}/`))
    .map(([path, message]) => `${path.slice(pointer.length + 1).replaceAll("/", ".")}: ${message}`);
  const all = own === undefined ? inside : [own, ...inside];
  return all.length === 0 ? undefined : all.join(". ");
}

/** Without the problems of a field that has changed, and of its parts: they may be solved. */
export function withoutProblems(problems: Problems, pointer: string): Problems {
  const left = [...problems].filter(([path]) => path !== pointer && !path.startsWith(`${pointer}/`));
  return left.length === problems.size ? problems : new Map(left);
}

/** Where a problem is, in words: `/parameters/sites/0/name` becomes `sites.0.name`. */
export function placeText(pointer: string): string {
  const [head, ...rest] = pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
  return (head === "parameters" && rest.length > 0 ? rest : [head ?? "", ...rest]).join(".");
}
