import type { Json } from "./json";
import { MASK } from "./secret";
import { escaped as escapedForTerminal } from "./shown";

/** From this length on a secret is looked for anywhere, also in other forms. A shorter one has to stand as a word of its own. */
const LONG = 8;
/** Shorter ones are in half of all words, and keep nothing secret. */
const SHORTEST = 3;
/** Of longer secrets only the text itself and its lines are looked for. */
const MOST_FORMS = 64 * 1024;
/** What a secret that is an object calls its secret parts. */
const SENSITIVE = /key|secret|token|pass|pwd|^pw$|auth$|credential|private|signature|dsn|connection.?string/i;
/** A shorter line of a secret says nothing of the others, and is in many texts. */
const SHORTEST_LINE = 4;
/** Before a short secret: no letter or digit, except those of an escape sequence (`\\n`, `%20`, a terminal's color). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escape sequences begin with one
const WORD_START = /(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf]|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]*m))/.source;
/** Words that many a secret variable holds. To hide them would hide nothing but make texts unreadable. */
const WORDS = new Set(["true", "false", "null", "none", "undefined"]);

/**
 * Hides the secrets that it has learned in texts: as they are, escaped for JSON or a URL, in base64 or hexadecimal, broken over lines, and
 * in parts where a secret has several lines.
 */
export class Redactor {
  readonly #learned = new Set<string>();
  /** Long forms without white space, by their first {@link LONG} characters; the longest first. */
  readonly #forms = new Map<string, string[]>();
  readonly #short = new Set<string>();
  #shortPattern: RegExp | undefined;

  /** Learn a secret: a string, a number of six digits or more, or what a list or an object holds of such. */
  learn(secret: unknown): void {
    this.#learn(secret, SHORTEST);
  }

  /** The text with "[secret]" in place of every secret that is known by now. */
  hide(text: string): string {
    return this.hideEach([text])[0] ?? text;
  }

  /** The same for texts that follow each other: a secret may be broken over several. */
  hideEach(texts: readonly string[]): string[] {
    const long = this.#forms.size === 0 ? [...texts] : this.#hideLong(texts);
    if (this.#short.size === 0) return long;
    this.#shortPattern ??= new RegExp(`${WORD_START}(?:${longestFirst(this.#short).map(escapeRegExp).join("|")})(?![A-Za-z0-9])`, "g");
    const pattern = this.#shortPattern;
    return long.map((text) => text.replace(pattern, () => MASK));
  }

  /** A tree with its strings hidden; keys stay. */
  hideIn<T>(value: T): T {
    if (typeof value === "string") return this.hide(value) as T;
    if (Array.isArray(value)) return value.map((item) => this.hideIn(item)) as T;
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.hideIn(inner)])) as T;
  }

  #learn(secret: unknown, shortest: number): void {
    if (typeof secret === "number" && Math.abs(secret) >= 100_000) this.#learnText(String(secret));
    else if (typeof secret === "string" && secret.trim().length >= shortest) this.#learnText(secret.trim());
    else if (typeof secret === "object" && secret !== null)
      for (const [key, inner] of Object.entries(secret)) this.#learn(inner, SENSITIVE.test(key) ? SHORTEST : LONG);
  }

  #learnText(text: string): void {
    if (text === MASK || this.#learned.has(text) || WORDS.has(text.toLowerCase())) return;
    this.#learned.add(text);
    if (text.length < LONG) {
      for (const form of formsOf(text)) if (form === text || form.length > SHORTEST) this.#short.add(form);
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

  /** Looks through all texts as one without white space, and hides what was found where it came from. */
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

/** Variables of an environment whose names say that they hold a secret; also the key of a service account that one of them names by its file. */
export function credentialsIn(env: NodeJS.ProcessEnv): string[] {
  const named = Object.entries(env).filter(([name]) =>
    /SECRET|PASSWORD|PASSPHRASE|_TOKEN$|API_?KEY|PRIVATE_?KEY|ACCESS_KEY$|CREDENTIALS$|CONNECTION_STRING/i.test(name),
  );
  return named.flatMap(([, value = ""]) => (/^\.{0,2}\//.test(value) ? contentOf(value) : value === "" ? [] : [value]));
}

/** The secrets of a file that a variable names: a passphrase, or what of a JSON file is called a key or a secret. */
function contentOf(path: string): string[] {
  const { readFileSync, statSync } = require("node:fs") as typeof import("node:fs");
  try {
    const stats = statSync(path);
    return stats.isFile() && stats.size <= MOST_FORMS ? [readFileSync(path, "utf8")] : [];
  } catch {
    // Whoever needs it will say so.
    return [];
  }
}

function formsOf(text: string): string[] {
  if (text.length > MOST_FORMS) return [text];
  const escaped = JSON.stringify(text).slice(1, -1);
  const ascii = escaped.replaceAll(/[^\x20-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  // Go's encoder escapes what HTML would take for its own.
  const forGo = escaped.replaceAll(/[<>&]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const bytes = Buffer.from(text);
  const written = [text, escaped, ascii, forGo, escapedForTerminal(text), ...literalsOf(text)];
  const texts = written.flatMap((form) => [form, JSON.stringify(form).slice(1, -1)]);
  const url = encodeURIComponent(text.toWellFormed());
  return [...new Set([...texts, text.replaceAll("'", "\\'"), url, url.replaceAll("%20", "+"), bytes.toString("hex"), ...base64Of(bytes)])];
}

/** As JavaScript's `util.inspect` and Python's `repr` write a string, whichever quotes they put around it. */
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

/** Base64 of a secret alone, and of one in the middle of something else: three ways, without what its neighbours decide. */
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

/** The lines of a secret, and what in it is called a secret: in JSON, in a URL, in `name=value` pairs. */
function partsOf(text: string): string[] {
  const lines = text.includes("\n") ? text.split("\n").flatMap((line) => (line.trim().length >= SHORTEST_LINE ? [line.trim()] : [])) : [];
  if (!/^[[{]/.test(text)) return [...lines, ...passwordsIn(text)];
  try {
    // Its lines are JSON's own, and many another document has such.
    return sensitiveIn(JSON.parse(text) as Json);
  } catch {
    return lines;
  }
}

/** The password of a URL, also decoded; and values of pairs as a connection string or an env file has them. */
function passwordsIn(text: string): string[] {
  if (text.length > MOST_FORMS) return [];
  const [, inUrl = ""] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s:@]*:([^/?#\s]+)@/i.exec(text) ?? [];
  const pairs = text.matchAll(/(?:^|[;&?\s])([\w.-]+)=([^;&\s]+)/g);
  const inPairs = [...pairs].flatMap(([, name = "", value = ""]) =>
    SENSITIVE.test(name) ? [value, value.replaceAll(/^["']|["']$/g, "")] : [],
  );
  return [inUrl, decoded(inUrl), ...inPairs].filter((part) => part.length >= SHORTEST);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function sensitiveIn(value: Json, key = ""): string[] {
  if (typeof value === "string") return SENSITIVE.test(key) && !/^https?:/.test(value) && value.length >= SHORTEST ? [value.trim()] : [];
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
