import { distance } from "fastest-levenshtein";
import type { JsonObject } from "../json";

/** A key that Prefect does not know and therefore ignores. */
export interface UnknownKey {
  key: string;
  /** The most similar field. Absent if none is similar, for example for a key that holds an anchor, or a field of a later version. */
  meant?: string;
}

/**
 * Find the keys of a mapping that are not among these fields. A key that begins with `.` or `x-` is intended and does not count.
 * @param options `beginnings`: whether the beginning of a field's name counts as similar
 */
export function unknownKeys(mapping: JsonObject, fields: readonly string[], { beginnings }: { beginnings: boolean }): UnknownKey[] {
  return Object.keys(mapping)
    .filter((key) => !fields.includes(key) && !/^(?:\.|x-)/.test(key))
    .map((key) => {
      const meant = fields.find((field) => isLike(key, field, beginnings));
      return { key, ...(meant === undefined ? {} : { meant }) };
    });
}

/** Whether a key differs from a field by one or two letters, or is its beginning. Case and dashes do not matter. */
function isLike(key: string, field: string, beginnings: boolean): boolean {
  const one = plain(key);
  const other = plain(field);
  if (beginnings && one.length >= 5 && other.startsWith(one)) return true;
  return distance(one, other) <= (Math.min(one.length, other.length) <= 4 ? 1 : 2);
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, "");
}
