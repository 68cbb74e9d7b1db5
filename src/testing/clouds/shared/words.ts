/** A list of single words, written as a text: regions, versions. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
