const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

/**
 * A JSON number that a JavaScript number would change. Either it has more digits than a double keeps (`9007199254740993`), or it is written
 * as a Python `float` (`1.0`, `1e3`). It keeps its original string, and `JSON.stringify` writes that string.
 *
 * `sameJson` compares by Python's rules: `1e3` and `1000.0` are equal, `1` and `1.0` are not.
 */
export class ExactNumber {
  /** The number as Python prints it. Comparisons use this. */
  readonly python: string;
  readonly #text: string;

  /** @param text the number in JSON syntax */
  constructor(text: string) {
    this.#text = text;
    this.python = pythonNumber(text);
  }

  toJSON(): object {
    return rawJSON(this.#text);
  }

  /** The original string. */
  toString(): string {
    return this.#text;
  }

  /** The nearest JavaScript number. */
  valueOf(): number {
    return Number(this.#text);
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.#text;
  }
}

/** The most digits of an `int` that Python reads (`sys.int_info.default_max_str_digits`). */
const MAX_DIGITS = 4300;

/** Parse a JSON number: a JavaScript number if that prints the same string, else an {@link ExactNumber}. */
export function numberOf(text: string): number | ExactNumber {
  const number = Number(text);
  return String(number) === text ? number : new ExactNumber(text);
}

/** Why Python cannot hold a number, as the end of a sentence that begins with its path. `undefined` if it can. */
export function numberFault(value: ExactNumber): string | undefined {
  const text = value.toString();
  if (isFloat(text))
    return Number.isFinite(value.valueOf()) ? undefined : `is ${shortened(text)}, too large for a float: Python would read infinity`;
  const digits = text.replace("-", "").length;
  return digits > MAX_DIGITS ? `has ${digits} digits, and Python reads at most ${MAX_DIGITS}` : undefined;
}

/** Python's `repr` of a JSON number. With a decimal point or an exponent it is a `float`, else an `int`. */
export function pythonNumber(text: string): string {
  if (!isFloat(text)) return text === "-0" ? "0" : text;
  const value = Number(text);
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  // Both languages print the shortest digits that read back the same. They differ in when they use an exponent (float_repr_style).
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const [mantissa = "", exponentText = "0"] = Math.abs(value).toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent >= 16 || exponent < -4)
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const digits = mantissa.replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

function isFloat(text: string): boolean {
  return /[.eE]/.test(text);
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
