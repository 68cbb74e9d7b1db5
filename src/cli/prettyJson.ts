/**
 * JSON for people, indented by two spaces. If a value does not fit beside its name on the terminal, it gets a separate line, further to the
 * left if necessary. So an id stays on one line and can be copied. The result is valid JSON: the terminal wraps a longer string.
 * @param width of the terminal, in characters; infinite if the output is not a terminal
 * @param indent of every line, in characters
 */
export function prettyJson(value: unknown, width: number, indent = 0): string {
  return JSON.stringify(value, null, 2)
    .split("\n")
    .flatMap((line) => fitted(" ".repeat(indent) + line, width))
    .join("\n");
}

function fitted(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const [, spaces = "", name = "", value = ""] = /^( *)((?:"(?:[^"\\]|\\.)*": )?)(.*)$/.exec(line) ?? [];
  const room = Math.max(0, width - value.length);
  if (name === "") return [" ".repeat(Math.min(spaces.length, room)) + value];
  return [spaces + name.trimEnd(), " ".repeat(Math.min(spaces.length + 2, room)) + value];
}
