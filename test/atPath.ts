import type { Json } from "../src/json";

/** Change a value deep inside another: `"+"` appends to a list, `{"$remove": true}` removes. */
export function atPath(whole: Json, path: readonly (string | number)[], value: Json): void {
  let at = whole as Record<string | number, Json>;
  for (const segment of path.slice(0, -1)) at = at[segment] as typeof at;
  const last = path.at(-1) as string | number;
  if (last === "+") (at as unknown as Json[]).push(value);
  else if (JSON.stringify(value) === '{"$remove":true}') delete at[last];
  else at[last] = value;
}
