/** How a stretch of text looks. Colours are the 16 of a terminal, by their number; the theme makes each legible. */
export interface TextStyle {
  colour?: number;
  background?: number;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
  strike?: true;
  inverse?: true;
}

/** A stretch of a line in one style. */
export interface StyledText {
  text: string;
  style: TextStyle;
}

export const PLAIN: TextStyle = Object.freeze({});

// Control sequences (CSI), strings for the terminal (OSC, DCS, …: links, titles) and the short escapes. ECMA-48, 5.4 and 8.3.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this file is about
const ESCAPE = /\u001b(?:\[([0-?]*)[ -/]*([@-~])?|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above; a tab stays
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/**
 * Read a line with ANSI codes as styled text. Codes that do not style (cursor, links, titles) are left out; other control characters become
 * visible. The result is text only: whoever shows it never needs HTML.
 * @param before the style at the end of the line before
 * @returns the stretches, none empty, and the style at the end
 */
export function parseAnsi(line: string, before: TextStyle = PLAIN): { parts: StyledText[]; after: TextStyle } {
  const text = shownOf(line);
  if (!text.includes("\u001b")) return { parts: text === "" ? [] : [{ text: visible(text), style: before }], after: before };
  const parts: StyledText[] = [];
  let style = before;
  let at = 0;
  const add = (until: number) => {
    const stretch = visible(text.slice(at, until));
    const last = parts.at(-1);
    if (stretch === "") return;
    if (last?.style === style) last.text += stretch;
    else parts.push({ text: stretch, style });
  };
  for (const found of text.matchAll(ESCAPE)) {
    add(found.index);
    at = found.index + found[0].length;
    if (found[2] === "m") style = styled(style, found[1] ?? "");
  }
  add(text.length);
  return { parts, after: style };
}

/** A line as it reads, without codes: for search and for copying. */
export function withoutAnsi(line: string): string {
  const text = shownOf(line);
  return visible(text.includes("\u001b") ? text.replace(ESCAPE, "") : text);
}

/** A carriage return writes over the line, as progress bars do. The last version is shown. */
function shownOf(line: string): string {
  if (!line.includes("\r")) return line;
  return line.replace(/\r+$/, "").split("\r").at(-1) as string;
}

/** Control characters as their pictures, such as ␀. */
function visible(text: string): string {
  return text.replace(CONTROL, (one) => (one === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + one.charCodeAt(0))));
}

/** The style after a "select graphic rendition" with these numbers. */
function styled(before: TextStyle, numbers: string): TextStyle {
  let style: TextStyle = { ...before };
  const codes = numbers.split(";").map((part) => part.split(":"));
  for (let at = 0; at < codes.length; at++) {
    const [first = "", ...sub] = codes[at] as string[];
    const code = Number(first || 0);
    if (code === 0) style = {};
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 24 || (code === 4 && sub[0] === "0")) delete style.underline;
    else if (code === 4 || code === 21) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) {
      delete style.bold;
      delete style.dim;
    } else if (code === 23) delete style.italic;
    else if (code === 27) delete style.inverse;
    else if (code === 29) delete style.strike;
    else if (code >= 30 && code <= 37) style.colour = code - 30;
    else if (code >= 90 && code <= 97) style.colour = code - 82;
    else if (code === 39) delete style.colour;
    else if (code >= 40 && code <= 47) style.background = code - 40;
    else if (code >= 100 && code <= 107) style.background = code - 92;
    else if (code === 49) delete style.background;
    else if (code === 38 || code === 48) {
      // `38;5;N`, `38;2;R;G;B`, or with colons, where an empty colour space may come before R.
      const rest = sub.length > 0 ? sub : codes.slice(at + 1).map(([one = ""]) => one);
      const { colour, used } = extended(rest, sub.length > 0);
      if (colour !== undefined) style[code === 38 ? "colour" : "background"] = colour;
      if (sub.length === 0) at += used;
    }
  }
  return style;
}

function extended(rest: readonly string[], colons: boolean): { colour?: number; used: number } {
  const numbers = rest.map((one) => Number(one || 0));
  if (numbers[0] === 5) return { colour: ofPalette(numbers[1] ?? 0), used: 2 };
  if (numbers[0] !== 2) return { used: 1 };
  const from = colons && numbers.length > 4 ? 2 : 1;
  return { colour: nearest([numbers[from] ?? 0, numbers[from + 1] ?? 0, numbers[from + 2] ?? 0]), used: 4 };
}

/** A colour of the palette of 256: the 16, a cube of 6 × 6 × 6, and 24 greys. */
function ofPalette(number: number): number | undefined {
  if (number < 16) return number;
  if (number > 255) return undefined;
  if (number >= 232) return nearest([8 + (number - 232) * 10, 8 + (number - 232) * 10, 8 + (number - 232) * 10]);
  const cube = number - 16;
  return nearest([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => (step === 0 ? 0 : 55 + step * 40)) as Rgb);
}

type Rgb = [number, number, number];

// As in xterm.
const SIXTEEN: readonly Rgb[] = [
  [0, 0, 0],
  [205, 0, 0],
  [0, 205, 0],
  [205, 205, 0],
  [0, 0, 238],
  [205, 0, 205],
  [0, 205, 205],
  [229, 229, 229],
  [127, 127, 127],
  [255, 0, 0],
  [0, 255, 0],
  [255, 255, 0],
  [92, 92, 255],
  [255, 0, 255],
  [0, 255, 255],
  [255, 255, 255],
];

/** The nearest of the 16. Any other colour might not be legible on the page, in light or in dark. */
function nearest(colour: Rgb): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [number, one] of SIXTEEN.entries()) {
    const distance = one.reduce((sum, part, at) => sum + (part - (colour[at] as number)) ** 2, 0);
    if (distance < least) [best, least] = [number, distance];
  }
  return best;
}

/** The CSS classes of a style: `colour-1 bold`. */
export function classesOf({ colour, background, inverse, ...flags }: TextStyle): string {
  const names = Object.keys(flags);
  if (colour !== undefined) names.push(`colour-${colour}`);
  // The colour of paper on the text's colour, on any background: any two of the 16 might not be legible together.
  if (inverse) names.push("inverse");
  else if (background !== undefined) names.push(`on-${background}`);
  return names.join(" ");
}
