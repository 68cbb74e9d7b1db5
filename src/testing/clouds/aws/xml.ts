/** The parts of a reply of the Query protocol: members by name; a list becomes `<member>`s. */
export type XmlValue = string | number | boolean | undefined | readonly XmlValue[] | { [name: string]: XmlValue };

/** Members as XML; one that is `undefined` is left out. */
export function xml(members: { [name: string]: XmlValue }): string {
  return Object.entries(members)
    .map(([name, value]) => (value === undefined ? "" : `<${name}>${inner(value)}</${name}>`))
    .join("");
}

function inner(value: XmlValue): string {
  if (Array.isArray(value)) return value.map((item) => `<member>${inner(item)}</member>`).join("");
  if (typeof value === "object") return xml(value as { [name: string]: XmlValue });
  return escaped(String(value));
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
