import type { Json } from "./json";
import { MASK } from "./secret";
import { escaped as escapedForTerminal } from "./shown";
import { UNKNOWN } from "./unknown";

/** A secret of at least this length is hidden anywhere, also inside words and in encoded forms. A shorter one must be a whole word. */
const LONG = 8;
/** Shorter strings are not hidden: they are part of too many words, and they protect nothing. */
const MIN_LENGTH = 3;
/** A secret that is longer than this is not hidden in encoded forms, only as it is and line by line. */
const MAX_ENCODED_LENGTH = 64 * 1024;
/** Key names that mark a value inside an object as secret. */
const SENSITIVE = /key|secret|token|pass|pwd|^pw$|auth$|credential|private|signature|dsn|connection.?string/i;
/** Shorter lines of a secret are not hidden: they reveal nothing about the other lines, and they occur in many strings. */
const MIN_LINE_LENGTH = 4;
/** A short secret must not follow a letter or digit, unless that ends an escape sequence (`\\n`, `%20`, a terminal color). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escape sequences begin with one
const WORD_START = /(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf]|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]*m))/.source;
/** Words that many secret variables have as their value. Hiding them would only make messages unreadable. */
const WORDS = new Set(["true", "false", "null", "none", "undefined"]);

/** Whether it is the key file of a Google service account: everything else in it is known to all who may see the account. */
function isKeyFile(secret: object): secret is { private_key: string } {
  const { type, private_key: key } = secret as { type?: unknown; private_key?: unknown };
  return type === "service_account" && typeof key === "string" && key !== "";
}

/**
 * Replaces known secrets in strings. It finds them unchanged, escaped for JSON or a URL, in base64 or hexadecimal, and with line breaks
 * inserted. It also finds the single lines of a secret that has several.
 */
export class Redactor {
  readonly #learned = new Set<string>();
  /** The forms of long secrets without white space, grouped by their first {@link LONG} characters, the longest first. */
  readonly #forms = new Map<string, string[]>();
  readonly #short = new Set<string>();
  #shortPattern: RegExp | undefined;

  /** Add a secret: a string, a number of six digits or more, or a list or an object with such values. */
  learn(secret: unknown): void {
    this.#learn(secret, MIN_LENGTH);
  }

  /** Replace every known secret in a string with "[secret]". */
  hide(text: string): string {
    return this.hideEach([text])[0] ?? text;
  }

  /** The same for consecutive strings: a secret may begin in one and end in a later one. */
  hideEach(texts: readonly string[]): string[] {
    const long = this.#forms.size === 0 ? [...texts] : this.#hideLong(texts);
    if (this.#short.size === 0) return long;
    this.#shortPattern ??= new RegExp(`${WORD_START}(?:${longestFirst(this.#short).map(escapeRegExp).join("|")})(?![A-Za-z0-9])`, "g");
    const pattern = this.#shortPattern;
    return long.map((text) => text.replace(pattern, () => MASK));
  }

  /** Replace every known secret in all strings of a value. Object keys stay as they are. */
  hideIn<T>(value: T): T {
    if (typeof value === "string") return this.hide(value) as T;
    if (Array.isArray(value)) return value.map((item) => this.hideIn(item)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.hideIn(inner)])) as T;
  }

  #learn(secret: unknown, minLength: number): void {
    if (typeof secret === "number" && Math.abs(secret) >= 100_000) this.#learnText(String(secret));
    else if (typeof secret === "string" && secret.trim().length >= minLength) this.#learnText(secret.trim());
    else if (typeof secret === "object" && secret !== null)
      for (const [key, inner] of Object.entries(isKeyFile(secret) ? { private_key: secret.private_key } : secret))
        this.#learn(inner, SENSITIVE.test(key) ? MIN_LENGTH : LONG);
  }

  #learnText(text: string): void {
    if (text === MASK || text === UNKNOWN || this.#learned.has(text) || WORDS.has(text.toLowerCase())) return;
    this.#learned.add(text);
    if (text.length < LONG) {
      for (const form of formsOf(text)) if (form === text || form.length > MIN_LENGTH) this.#short.add(form);
      this.#shortPattern = undefined;
      return;
    }
    for (const form of formsOf(text)) this.#addForm(form);
    for (const part of partsOf(text)) this.#learnText(part);
  }

  #addForm(form: string): void {
    const bare = form.replaceAll(/\s+/g, "");
    if (bare.length < LONG) return;
    const start = bare.slice(0, LONG);
    const known = this.#forms.get(start) ?? [];
    if (known.includes(bare)) return;
    this.#forms.set(start, longestFirst([...known, bare]));
  }

  /** Joins all strings without white space, searches the result, and replaces each match at its original position. */
  #hideLong(texts: readonly string[]): string[] {
    let bare = "";
    const textOf: number[] = [];
    const placeOf: number[] = [];
    for (const [index, text] of texts.entries())
      for (let place = 0; place < text.length; place++) {
        const character = text[place] as string;
        if (/\s/.test(character)) continue;
        bare += character;
        textOf.push(index);
        placeOf.push(place);
      }
    const hidden: [number, number][][] = texts.map(() => []);
    for (let at = 0; at + LONG <= bare.length; ) {
      const form = this.#forms.get(bare.slice(at, at + LONG))?.find((candidate) => bare.startsWith(candidate, at));
      if (form === undefined) {
        at++;
        continue;
      }
      const end = at + form.length;
      while (at < end) {
        const text = textOf[at] as number;
        const from = placeOf[at] as number;
        let to = from;
        while (at < end && textOf[at] === text) to = placeOf[at++] as number;
        hidden[text]?.push([from, to + 1]);
      }
    }
    return texts.map((text, index) => cut(text, hidden[index] ?? []));
  }
}

/**
 * The values of environment variables whose names show that they hold a secret. If such a variable names a file (for example the key of a
 * service account), the content of the file.
 */
export function credentialsIn(env: NodeJS.ProcessEnv): string[] {
  const named = Object.entries(env).filter(([name]) =>
    /SECRET|PASSWORD|PASSPHRASE|_TOKEN$|API_?KEY|PRIVATE_?KEY|ACCESS_KEY$|CREDENTIALS$|CONNECTION_STRING/i.test(name),
  );
  return named.flatMap(([, value = ""]) => (/^\.{0,2}\//.test(value) ? contentOf(value) : value === "" ? [] : [value]));
}

/** The content of a file that a variable names. {@link Redactor.learn} finds the secret parts of JSON. */
function contentOf(path: string): string[] {
  const { readFileSync, statSync } = require("node:fs") as typeof import("node:fs");
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= MAX_ENCODED_LENGTH ? [readFileSync(path, "utf8")] : [];
  } catch {
    // The code that needs the file reports the error.
    return [];
  }
}

function formsOf(text: string): string[] {
  if (text.length > MAX_ENCODED_LENGTH) return [text];
  const escaped = JSON.stringify(text).slice(1, -1);
  const ascii = escaped.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  // Go's JSON encoder also escapes the special characters of HTML.
  const forGo = escaped.replaceAll(/[<>&]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const bytes = Buffer.from(text);
  const written = [text, escaped, ascii, forGo, escapedForTerminal(text), ...literalsOf(text)];
  const texts = written.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]);
  const url = encodeURIComponent(text.toWellFormed());
  return [...new Set([...texts, text.replaceAll("'", "\\'"), url, url.replaceAll("%20", "+"), bytes.toString("hex"), ...base64Of(bytes)])];
}

/** The string as JavaScript's `util.inspect` and Python's `repr` write it, with either kind of quotes. */
function literalsOf(text: string): string[] {
  const hex = (character: string) => character.charCodeAt(0).toString(16).padStart(2, "0");
  const javaScript: Record<string, string> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", "\\": "\\\\" };
  const python: Record<string, string> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\\": "\\\\" };
  const literals = [
    text.replaceAll(/[\\\p{Cc}]/gu, (character) => javaScript[character] ?? `\\x${hex(character).toUpperCase()}`),
    text.replaceAll(/[\\\p{Cc}]/gu, (character) => python[character] ?? `\\x${hex(character)}`),
  ];
  return literals.flatMap((literal) => [literal, literal.replaceAll("'", "\\'")]);
}

/**
 * The base64 forms of a secret: alone, and as part of a longer string. A part can start at three offsets; its first and last characters
 * depend on the neighbouring bytes and are left out.
 */
function base64Of(bytes: Buffer): string[] {
  const forms = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const whole = (before + bytes.length) % 3 === 0;
    return text.slice(before === 0 ? 0 : before + 1, whole ? undefined : -1);
  });
  const alone = bytes.toString("base64");
  return [alone, alone.replace(/=+$/, ""), ...forms].flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

/** The lines of a secret, and the parts whose names mark them as secret: in JSON, in a URL, in `name=value` pairs. */
function partsOf(text: string): string[] {
  const lines = text.includes("\n") ? text.split("\n").flatMap((line) => (line.trim().length >= MIN_LINE_LENGTH ? [line.trim()] : [])) : [];
  if (!/^[[{]/.test(text)) return [...lines, ...passwordsIn(text)];
  try {
    // The lines of a JSON document are not secret: many other documents have the same lines.
    return sensitiveIn(JSON.parse(text) as Json);
  } catch {
    return lines;
  }
}

/** The password in a URL, also decoded, and the secret values of `name=value` pairs in a connection string or an env file. */
function passwordsIn(text: string): string[] {
  if (text.length > MAX_ENCODED_LENGTH) return [];
  const [, inUrl = ""] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*:([^/?#\s]+)@/i.exec(text) ?? [];
  const pairs = text.matchAll(/(?:^|[;&?\s])([\w.-]+)=([^;&\s]+)/g);
  const inPairs = [...pairs].flatMap(([, name = "", value = ""]) =>
    SENSITIVE.test(name) ? [value, value.replaceAll(/^["']|["']$/g, "")] : [],
  );
  return [inUrl, decoded(inUrl), ...inPairs].filter((part) => part.length >= MIN_LENGTH);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sensitiveIn(value: Json, key = ""): string[] {
  if (typeof value === "string") return SENSITIVE.test(key) && !/^https?:/.test(value) && value.length >= MIN_LENGTH ? [value.trim()] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => sensitiveIn(inner as Json, Array.isArray(value) ? key : name));
}

function cut(text: string, hidden: readonly [number, number][]): string {
  let shown = "";
  let at = 0;
  for (const [from, to] of hidden) {
    shown += `${text.slice(at, from)}${MASK}`;
    at = to;
  }
  return shown + text.slice(at);
}

function longestFirst(texts: Iterable<string>): string[] {
  return [...texts].sort((a, b) => b.length - a.length);
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
