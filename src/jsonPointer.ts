/** A path into a JSON tree as RFC 6901 writes it: `/blocks/secret~1token/data/value`. */
export function pointerTo(path: readonly string[]): string {
  return path.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The segments of a JSON pointer; none for the root, `""`. */
export function segmentsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The same path as messages show it: `blocks.secret/token.data.value`. */
export function toPath(segments: readonly string[]): string {
  return segments.join(".");
}
