/** A list of single words, written as one string: regions, versions. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
