import { isUtf8 } from "node:buffer";
import { readBounded } from "./boundedFile";
import { UserError } from "./userError";

const SAVE = "save it as UTF-8 (in PowerShell: `Set-Content -Encoding utf8`)";

/**
 * Read a text file that a user wrote. It must be UTF-8; a byte order mark is removed.
 * @param name what error messages call the file
 * @param maxMiB the largest accepted size, in MiB. @default 64
 * @throws {UserError} if it has another encoding, with that encoding and the position; also as {@link readBounded}
 * @throws {NodeJS.ErrnoException} if it cannot be read
 */
export function readTextFile(path: string, name: string, maxMiB = 64): string {
  return decodeText(readBounded(path, name, maxMiB), name);
}

/** Decode bytes that must be UTF-8. @throws {UserError} as {@link readTextFile} */
export function decodeText(bytes: Buffer, name: string): string {
  const wide = wideEncoding(bytes);
  if (wide) throw new UserError(`${name}:1:1: the file must be UTF-8, but it is ${wide}: ${SAVE}`);
  if (!isUtf8(bytes)) {
    const at = firstInvalid(bytes);
    const before = bytes.subarray(0, at).toString("utf8");
    const line = before.split(/\r\n|\r|\n/);
    const hex = (bytes[at] as number).toString(16).padStart(2, "0");
    const latin = new TextDecoder("windows-1252").decode(bytes.subarray(at, at + 1));
    const guess = /[\p{L}\p{P}\p{S}]/u.test(latin) ? `; in latin-1 (Windows-1252) it is "${latin}"` : "";
    const place = `${name}:${line.length}:${[...(line.at(-1) ?? "")].length + 1}`;
    throw new UserError(`${place}: the byte 0x${hex} is not valid UTF-8${guess}: ${SAVE}`);
  }
  return bytes.toString("utf8").replace(/^\uFEFF/, "");
}

/** Recognize UTF-16 and UTF-32: by the byte order mark, or by the zero bytes that ASCII characters have in these encodings. */
function wideEncoding(bytes: Buffer): string | undefined {
  const starts = (...mark: number[]) => mark.every((byte, index) => bytes[index] === byte);
  if (starts(0xff, 0xfe, 0, 0) || starts(0, 0, 0xfe, 0xff)) return "UTF-32 (with a byte order mark)";
  if (starts(0xff, 0xfe)) return "UTF-16 (little-endian, with a byte order mark)";
  if (starts(0xfe, 0xff)) return "UTF-16 (big-endian, with a byte order mark)";
  const zeros = [0, 0];
  const head = bytes.subarray(0, 1024);
  for (const [index, byte] of head.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] as number) + 1;
  const [even, odd] = zeros as [number, number];
  // A single zero byte is a different mistake, which the parser reports.
  if (even + odd < 2 || even + odd < head.length / 8) return undefined;
  if (even > 0 && odd > 0) return "UTF-32 (without a byte order mark)";
  return `UTF-16 (${odd > 0 ? "little" : "big"}-endian, without a byte order mark)`;
}

/** The index of the first byte that does not begin a valid character. */
function firstInvalid(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    const length = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (!isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return bytes.length - 1;
}
