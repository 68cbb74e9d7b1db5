import { distance } from "fastest-levenshtein";
import type { JsonObject } from "../json";

/** A key that Prefect does not know, and so ignores. */
export interface UnknownKey {
  key: string;
  /** The field that it is most like; absent where it is like none, as an anchor's holder or a field of a later version. */
  meant?: string;
}

/**
 * The keys of a mapping that are none of these fields; a key that begins with `.` or `x-` is nobody's mistake.
 * @param options `beginnings`: whether the beginning of a field's name is meant for it
 */
export function unknownKeys(mapping: JsonObject, fields: readonly string[], { beginnings }: { beginnings: boolean }): UnknownKey[] {
  return Object.keys(mapping)
    .filter((key) => !fields.includes(key) && !/^(?:\.|x-)/.test(key))
    .map((key) => {
      const meant = fields.find((field) => isLike(key, field, beginnings));
      return { key, ...(meant === undefined ? {} : { meant }) };
    });
}

/** One or two letters apart, whatever the case and the dashes, or the beginning of it. */
function isLike(key: string, field: string, beginnings: boolean): boolean {
  const one = plain(key);
  const other = plain(field);
  if (beginnings && one.length >= 5 && other.startsWith(one)) return true;
  return distance(one, other) <= (Math.min(one.length, other.length) <= 4 ? 1 : 2);
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, "");
}
