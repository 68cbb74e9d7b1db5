/** The JSON pointer (RFC 6901) for a path: `/blocks/secret~1token/data/value`. */
export function pointerTo(path: readonly string[]): string {
  return path.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The segments of a JSON pointer. Empty for the root, `""`. */
export function segmentsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The path in the format of messages: `blocks.secret/token.data.value`. */
export function toPath(segments: readonly string[]): string {
  return segments.join(".");
}
