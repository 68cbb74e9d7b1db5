import { quoted } from "../../shown";

/** Labels in the form that a place accepts. */
interface CleanLabels {
  labels: Record<string, string>;
  /** What is lost, one sentence for each. */
  warnings: string[];
}

/**
 * Convert labels to the form that a place accepts. If two labels become equal, or a value or a key is lost, a sentence reports it. A
 * changed spelling alone is not reported.
 * @param given by key, the weakest first: of two that become equal, the last is kept
 * @param clean returns an empty key if the place accepts no such label
 * @param path of the labels, for messages
 */
export function cleanLabels(
  given: Record<string, string>,
  clean: (key: string, value: string) => [string, string],
  path: string,
): CleanLabels {
  const labels: Record<string, string> = {};
  const from = new Map<string, string>();
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    const [cleanKey, cleanValue] = clean(key, value);
    if (cleanKey === "") {
      warnings.push(`${path}: ${quoted(key)} is left out: no character of the key is valid there`);
      continue;
    }
    const earlier = from.get(cleanKey);
    if (earlier !== undefined && labels[cleanKey] !== cleanValue)
      warnings.push(
        `${path}: ${quoted(earlier)} and ${quoted(key)} become the same label there, ${quoted(cleanKey)}: the value of ${quoted(key)} is kept`,
      );
    if (/[\p{L}\p{N}]/u.test(value) && !/[\p{L}\p{N}]/u.test(cleanValue))
      warnings.push(`${path}: no character of the value of ${quoted(key)} is valid there: ${quoted(value)}`);
    from.set(cleanKey, key);
    labels[cleanKey] = cleanValue;
  }
  return { labels, warnings };
}
