/** An id that has to stay on one line, so that it can be copied. */
const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/**
 * JSON for people, indented by two spaces. On a terminal no line is wider than it: a value that does not fit beside its name goes below it, and a
 * long string is broken between its words.
 * @param width of the terminal, in characters; infinite where it is none
 * @param indent of every line, in characters, where there is room for it
 */
export function prettyJson(value: unknown, width: number, indent = 0): string {
  const room = Math.max(1, width - indent);
  return JSON.stringify(value, null, 2)
    .split("\n")
    .flatMap((line) => fitted(line, room))
    .map((line) => " ".repeat(line.length <= width - indent ? indent : 0) + line)
    .join("\n");
}

/** A line of JSON, as lines of at most this width. */
function fitted(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const [, spaces = "", name = "", value = ""] = /^( *)((?:"(?:[^"\\]|\\.)*": )?)(.*)$/.exec(line) ?? [];
  if (name === "") return broken(value, spaces.length, width);
  return [...broken(name.trimEnd(), spaces.length, width), ...broken(value, spaces.length + 2, width)];
}

/** A text as lines of at most this width, each indented where an id still fits beside that. */
function broken(text: string, wanted: number, width: number): string[] {
  const indent =
    text.length <= width - wanted ? wanted : text.length <= width ? width - text.length : Math.min(wanted, Math.max(0, width - 40));
  const lines: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const at = breakAt(rest, Math.max(8, width - indent));
    lines.push(" ".repeat(indent) + rest.slice(0, at));
    rest = rest.slice(at);
  }
  return lines;
}

/** Where to break a text for so many characters: before an id or behind a word, never within an escape. */
function breakAt(text: string, room: number): number {
  if (text.length <= room) return text.length;
  for (const { index, 0: id } of text.matchAll(ID)) if (index > 0 && index < room && index + id.length > room) return index;
  const head = text.slice(0, room);
  const word = Math.max(...[" ", "/", ",", "&", "?"].map((mark) => head.lastIndexOf(mark))) + 1;
  if (word > room / 2) return word;
  return room - (/\\(?:u[0-9a-f]{0,3})?$/i.exec(head)?.[0].length ?? 0) || room;
}
