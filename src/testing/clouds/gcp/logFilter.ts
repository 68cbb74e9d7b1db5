import { GoogleError } from "./googleError";

/**
 * A condition of the Logging query language, as far as runs need it (https://cloud.google.com/logging/docs/view/logging-query-language).
 */
export type Condition =
  | { kind: "all"; of: Condition[] }
  | { kind: "any"; of: Condition[] }
  | { kind: "not"; of: Condition }
  | { kind: "compare"; path: string[]; operator: string; value: string };

const TOKEN =
  /\s*(?:(\(|\)|>=|<=|!=|=~|!~|=|:|<|>)|(-?(?:[A-Za-z_][\w]*|"(?:[^"\\]|\\.)*")(?:\.(?:[\w-]+|"(?:[^"\\]|\\.)*"))*)|([\w.:+-]+|\*))/y;

/** @throws {GoogleError} if the filter is invalid */
export function parseFilter(text: string): Condition {
  const tokens = tokensOf(text);
  let at = 0;
  const peek = () => tokens[at];
  const isWord = (word: string) => peek()?.toUpperCase() === word;

  function any(): Condition {
    const of = [all()];
    while (isWord("OR")) {
      at += 1;
      of.push(all());
    }
    return of.length === 1 ? (of[0] as Condition) : { kind: "any", of };
  }
  function all(): Condition {
    const of: Condition[] = [];
    while (peek() !== undefined && peek() !== ")" && !isWord("OR")) {
      if (isWord("AND")) at += 1;
      else of.push(one());
    }
    return of.length === 1 ? (of[0] as Condition) : { kind: "all", of };
  }
  function one(): Condition {
    if (isWord("NOT")) {
      at += 1;
      return { kind: "not", of: one() };
    }
    if (peek() === "(") {
      at += 1;
      const inner = any();
      if (peek() !== ")") throw unparseable(text);
      at += 1;
      return inner;
    }
    const path = pathOf(tokens[at++] ?? "");
    const operator = tokens[at++] ?? "";
    if (!/^(>=|<=|!=|=~|!~|=|:|<|>)$/.test(operator)) throw unparseable(text);
    if (peek() !== "(") return { kind: "compare", path, operator, value: unquoted(tokens[at++] ?? "") };
    at += 1;
    const values: string[] = [];
    while (peek() !== ")") {
      if (peek() === undefined) throw unparseable(text);
      if (isWord("OR")) at += 1;
      else values.push(unquoted(tokens[at++] ?? ""));
    }
    at += 1;
    return { kind: "any", of: values.map((value) => ({ kind: "compare", path, operator, value })) };
  }

  const condition = any();
  if (at < tokens.length) throw unparseable(text);
  return condition;
}

export function matches(condition: Condition, entry: object): boolean {
  switch (condition.kind) {
    case "all":
      return condition.of.every((each) => matches(each, entry));
    case "any":
      return condition.of.some((each) => matches(each, entry));
    case "not":
      return !matches(condition.of, entry);
    case "compare": {
      const found = valueAt(entry, condition.path);
      if (found === undefined) return false;
      // `field:*` means that the field exists.
      return (condition.operator === ":" && condition.value === "*") || compare(String(found), condition.operator, condition.value);
    }
  }
}

function compare(found: string, operator: string, value: string): boolean {
  switch (operator) {
    case "=":
      return found === value;
    case "!=":
      return found !== value;
    case ":":
      return found.toLowerCase().includes(value.toLowerCase());
    case "=~":
      return new RegExp(value).test(found);
    case "!~":
      return !new RegExp(value).test(found);
    default: {
      // Only times are compared by order. Those of one format compare as strings.
      const [a, b] = [comparable(found), comparable(value)];
      return operator === ">=" ? a >= b : operator === "<=" ? a <= b : operator === ">" ? a > b : a < b;
    }
  }
}

function comparable(time: string): string {
  const [, whole, decimals = ""] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z$/.exec(time) ?? [];
  if (whole === undefined) return time;
  return `${whole}.${decimals.padEnd(9, "0")}`;
}

function valueAt(entry: object, path: readonly string[]): unknown {
  let value: unknown = entry;
  for (const part of path) value = value !== null && typeof value === "object" ? (value as Record<string, unknown>)[part] : undefined;
  return value;
}

function pathOf(token: string): string[] {
  return [...token.matchAll(/"((?:[^"\\]|\\.)*)"|([^.]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function unquoted(token: string): string {
  return token.startsWith('"') ? (JSON.parse(token) as string) : token;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length && text.slice(TOKEN.lastIndex).trim() !== "") {
    const found = TOKEN.exec(text);
    if (!found) throw unparseable(text);
    tokens.push((found[1] ?? found[2] ?? found[3]) as string);
  }
  return tokens;
}

function unparseable(text: string): GoogleError {
  return new GoogleError("INVALID_ARGUMENT", `Unparseable filter: syntax error in ${JSON.stringify(text.slice(0, 200))}`);
}
