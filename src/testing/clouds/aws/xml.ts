/** What a reply of the Query protocol is made of: members by name, a list as `<member>`s. */
export type XmlValue = string | number | boolean | undefined | readonly XmlValue[] | { [name: string]: XmlValue };

/** Members in XML; one that is `undefined` is left out. */
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
