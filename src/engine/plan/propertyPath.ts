/** The parts of one of Pulumi's property paths: `a`, `a.b[0]`, `a["b.c"]`. */
export function propertyPathParts(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? index ?? plain ?? "",
  );
}

/** The path of these parts. Numbers are array indices. */
export function pathOf(parts: readonly (string | number)[]): string {
  return parts
    .map((part, at) => {
      if (typeof part === "number") return `[${part}]`;
      if (/[.[\]"]/.test(part) || part === "") return `["${part.replaceAll(/["\\]/g, "\\$&")}"]`;
      return at === 0 ? part : `.${part}`;
    })
    .join("");
}
