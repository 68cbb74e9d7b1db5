/** A reference in an expression: `name.property[0]["key"]`. */
export interface Reference {
  name: string;
  path: (string | number)[];
}

/** The parts of a string: literal pieces and references. `$${` stands for `${`. @throws {Error} naming a reference that cannot be read */
export function partsOf(text: string): (string | Reference)[] {
  const parts: (string | Reference)[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    if (text.startsWith("$${", at)) {
      literal += "${";
      at += 3;
    } else if (text.startsWith("${", at)) {
      const end = text.indexOf("}", at);
      if (end < 0) throw new Error(`"${text}": a reference has no closing brace`);
      if (literal !== "") parts.push(literal);
      literal = "";
      parts.push(referenceOf(text.slice(at + 2, end).trim()));
      at = end + 1;
    } else literal += text[at++];
  }
  if (literal !== "" || parts.length === 0) parts.push(literal);
  return parts;
}

function referenceOf(text: string): Reference {
  const [, name, rest] = /^(pulumi\.\w+|[\w-]+(?::[\w-]+)?)((?:\.[\w-]+|\[\d+\]|\["[^"]*"\])*)$/.exec(text) ?? [];
  if (name === undefined || rest === undefined) throw new Error(`"\${${text}}" is not a reference: write \${name.property[0]["key"]}`);
  const path = [...rest.matchAll(/\.([\w-]+)|\[(\d+)\]|\["([^"]*)"\]/g)].map(([, key, index, quoted]) =>
    index === undefined ? (key ?? quoted ?? "") : Number(index),
  );
  return { name, path };
}

/** Every reference in a tree of YAML. One that cannot be read is left out: its evaluation says where it is. */
export function referencesIn(tree: unknown): Reference[] {
  if (typeof tree === "string") {
    try {
      return partsOf(tree).filter((part) => typeof part !== "string");
    } catch {
      return [];
    }
  }
  if (typeof tree !== "object" || tree === null) return [];
  return Object.values(tree).flatMap(referencesIn);
}
