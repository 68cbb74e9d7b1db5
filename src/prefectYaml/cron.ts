/** Highest value of each of the five fields, and the lowest; the weekday's 7 is Sunday again. */
const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const;
const NAMES: Record<number, readonly string[]> = {
  3: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/**
 * A cron expression that Prefect takes (its croniter) as croner writes the same: `5/10` counts to the field's end, a range may go over the
 * end (`22-2`, `fri-mon`), `L5` is the last Friday.
 */
export function asCroner(cron: string): string {
  const fields = cron.trim().split(/\s+/);
  if (fields.length < 5) return cron;
  return fields
    .map((field, index) =>
      index < 5
        ? field
            .split(",")
            .map((part) => partOf(part, index))
            .join(",")
        : field,
    )
    .join(" ");
}

function partOf(part: string, field: number): string {
  const [lowest, highest] = RANGES[field] ?? [0, 59];
  if (field === 4 && /^L[0-7]$/i.test(part)) return `${part.slice(1)}#L`;
  const [, from, to, step] = /^([a-z]{3}|\d+)(?:-([a-z]{3}|\d+))?(?:\/(\d+))?$/i.exec(part) ?? [];
  if (from === undefined) return part;
  const by = step === undefined ? "" : `/${step}`;
  if (to === undefined) return step === undefined ? part : `${from}-${highest}${by}`;
  const [first, last] = [numberOf(from, field), numberOf(to, field)];
  if (first <= last || first > highest || last < lowest) return part;
  return `${first}-${highest}${by},${lowest}-${last}${by}`;
}

function numberOf(text: string, field: number): number {
  const named = NAMES[field]?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 ? named : Number(text);
}
