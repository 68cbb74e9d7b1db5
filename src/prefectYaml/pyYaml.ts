import { isMap, isScalar, LineCounter, type Node, type ParsedNode, parseAllDocuments, type ScalarTag } from "yaml";
import { ExactNumber, numberOf, pythonNumber } from "../exactNumber";
import { UserError } from "../userError";
import { documentValue, MAX_DEPTH, MAX_VALUES, MERGE_TAG } from "./documentValue";

/** A date or time without quotes, which YAML 1.1 reads as a timestamp. Its `text` has Pydantic's format. */
export class Timestamp {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

/** A YAML number that JSON does not have. */
export class InvalidNumber {
  /** @param problem the end of a sentence that begins with its path */
  constructor(readonly problem: string) {}
}

/** A parsed file with the positions of its values. */
export interface YamlFile {
  tree: unknown;
  /** The line of the value at a path, from 1. If there is no value, the line of the nearest one above it in the path. */
  lineOf(path: readonly (string | number)[]): number;
}

/** The characters that PyYAML refuses to read (`yaml.reader.Reader.NON_PRINTABLE`). */
const SPECIAL = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * Read YAML as Prefect does (PyYAML's `safe_load`, YAML 1.1). `yes` and `on` are booleans, `010` is octal, `1:30` is sexagesimal, `1e3` is a
 * string, and dates are dates. The last of several equal keys counts, and `<<` merges.
 * @param name what messages call the file
 * @throws {UserError} with file, line, column and the line itself
 */
export function parseYaml(text: string, name: string): YamlFile {
  try {
    return readYaml(text, name);
  } catch (error) {
    // The parser is recursive, and deep nesting exhausts its stack.
    if (error instanceof RangeError) throw tooDeep(name);
    throw error;
  }
}

function tooDeep(name: string): UserError {
  return new UserError(`${name} is nested more than ${MAX_DEPTH} levels deep: Prefect cannot read such a file`);
}

function tooLarge(name: string): UserError {
  return new UserError(`${name}: its anchors expand to more than ${MAX_VALUES} values`);
}

function readYaml(text: string, name: string): YamlFile {
  const counter = new LineCounter();
  const lines = text.split(/\r\n|\r|\n/);
  const refuse = (offset: number, problem: string): UserError => {
    const { line, col } = counter.linePos(offset);
    const shown = lines[line - 1] ?? "";
    return new UserError(`${name}:${line}:${col}: ${problem}\n  ${line} | ${shown}\n  ${" ".repeat(`${line} | `.length + col - 1)}^`);
  };

  const special = SPECIAL.exec(text);
  if (special) {
    const before = text.slice(0, special.index).split(/\r\n|\r|\n/);
    const code = (special[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
    throw new UserError(
      `${name}:${before.length}:${(before.at(-1) ?? "").length + 1}: the character U+${code} is not allowed in YAML: write it in double quotes, as "\\u${code}"`,
    );
  }
  const documents = parseAllDocuments(text.replace(/^\uFEFF/, ""), {
    version: "1.1",
    schema: "failsafe",
    customTags: (known) => [...PYYAML_TAGS, ...known],
    uniqueKeys: false,
    lineCounter: counter,
    prettyErrors: false,
  });
  if (!Array.isArray(documents) || documents.length === 0) return { tree: null, lineOf: () => 1 };
  const [document, second] = documents;
  if (!document) return { tree: null, lineOf: () => 1 };
  for (const { errors } of documents) {
    const [error] = errors;
    // The parser reports its own stack overflow as an error in the file.
    if (error && /call stack/.test(error.message)) throw tooDeep(name);
    if (error) throw refuse(error.pos[0], plain(error.message));
  }
  if (second) throw refuse(second.range[0], "a second document starts here (---), but the file must be a single document");
  const [warning] = document.warnings;
  if (warning && /tag/i.test(warning.message)) throw refuse(warning.pos[0], plain(warning.message));
  const tree = documentValue(document.contents, { nameOf, refuse, tooDeep: () => tooDeep(name), tooLarge: () => tooLarge(name) });
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = nodeAt(document.contents, path.slice(0, length));
      if (node?.range) return counter.linePos(node.range[0]).line;
    }
    return 1;
  };
  return { tree, lineOf };
}

function nodeAt(root: ParsedNode | null, path: readonly (string | number)[]): Node | undefined {
  let node: Node | null | undefined = root;
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && nameOf(key.value) === String(segment));
      node = (pair?.value ?? pair?.key) as Node | undefined;
    } else if (node && "items" in node) node = (node.items as Node[])[Number(segment)];
    else return undefined;
  }
  return node ?? undefined;
}

/** Convert a key as pydantic does for JSON. */
function nameOf(key: unknown): string {
  if (key === null) return "None";
  return key instanceof ExactNumber ? key.python : String(key);
}

function plain(message: string): string {
  return message.replace(/ at line \d+, column \d+:?[\s\S]*$/, "").trim();
}

const tag = (name: string, test: RegExp, resolve: (text: string) => unknown): ScalarTag => ({
  tag: `tag:yaml.org,2002:${name}`,
  default: true,
  test,
  resolve,
  identify: () => false,
});

/** PyYAML's `construct_yaml_int`. */
function integer(text: string): number | ExactNumber | InvalidNumber {
  const digits = text.replaceAll("_", "");
  const bare = digits.replace(/^[-+]/, "");
  if (/^0[bx]$/.test(bare)) return new InvalidNumber(`is ${text}, which has no digits`);
  const value = bare.includes(":") ? sexagesimal(bare) : BigInt(/^0[0-7]+$/.test(bare) ? `0o${bare.slice(1)}` : bare);
  return numberOf(String(digits.startsWith("-") ? -value : value));
}

function sexagesimal(text: string): bigint {
  return text.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
}

/** PyYAML's `construct_yaml_float`. A number that is valid JSON keeps its original string. */
function float(text: string): number | ExactNumber | InvalidNumber {
  const digits = text.replaceAll("_", "").toLowerCase();
  if (/inf|nan/.test(digits)) return new InvalidNumber(`is ${text}, which is not a JSON number`);
  if (/^-?(?:0|[1-9]\d*)\.\d+(?:e[-+]\d+)?$/.test(digits)) return numberOf(digits);
  const bare = digits.replace(/^[-+]/, "");
  const value = bare.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  const signed = String(digits.startsWith("-") ? -value : value);
  if (!Number.isFinite(value)) return numberOf(digits);
  const sign = digits.startsWith("-") && value === 0 ? "-" : "";
  return numberOf(`${sign}${pythonNumber(/[.e]/.test(signed) ? signed : `${signed}.0`)}`);
}

const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIME = /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::(\d\d))?))?$/;

function timestamp(text: string): Timestamp {
  const time = TIME.exec(text);
  if (!time) return new Timestamp(text);
  const [, year, month, day, hour, minute, second, fraction, zone, sign, zoneHour, zoneMinute] = time;
  const two = (part: string | undefined) => (part ?? "0").padStart(2, "0");
  const micros = (fraction ?? "").slice(0, 6).padEnd(6, "0");
  const behind =
    zone === undefined
      ? ""
      : zone === "Z" || (Number(zoneHour) === 0 && !Number(zoneMinute))
        ? "Z"
        : `${sign}${two(zoneHour)}:${two(zoneMinute)}`;
  return new Timestamp(
    `${year}-${two(month)}-${two(day)}T${two(hour)}:${minute}:${second}${Number(micros) === 0 ? "" : `.${micros}`}${behind}`,
  );
}

/** PyYAML's implicit resolvers (`yaml/resolver.py`), in the same order. They are stricter than YAML 1.1 itself. */
const PYYAML_TAGS: ScalarTag[] = [
  tag("bool", /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/, (text) => /^(?:y|t|on)/i.test(text)),
  tag(
    "float",
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    float,
  ),
  tag("int", /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/, integer),
  tag("null", /^(?:~|null|Null|NULL|)$/, () => null),
  tag("timestamp", DATE, timestamp),
  tag("timestamp", TIME, timestamp),
  // Only for an explicit `!!binary`. Pydantic writes bytes as a string.
  { tag: MERGE_TAG, resolve: (text) => text, identify: () => false },
  { tag: "tag:yaml.org,2002:binary", resolve: (text) => Buffer.from(text, "base64").toString(), identify: () => false },
];
