import { expect, test } from "vitest";
import { decodeText } from "../src/textFile";

const TEXT = "deployments:\n- name: naïve\n";
const utf16 = (text: string, { big = false, mark = false } = {}): Buffer => {
  const bytes = Buffer.from((mark ? "\uFEFF" : "") + text, "utf16le");
  return big ? bytes.swap16() : bytes;
};
const utf32 = (text: string) => Buffer.concat([...text].map((one) => Buffer.from([one.charCodeAt(0), 0, 0, 0])));

test("UTF-8 is read, and a byte order mark is removed", () => {
  expect(decodeText(Buffer.from(TEXT), "f")).toBe(TEXT);
  expect(decodeText(Buffer.from(`\uFEFF${TEXT}`), "f")).toBe(TEXT);
  expect(decodeText(Buffer.from(""), "f")).toBe("");
  expect(decodeText(Buffer.from("a\0b"), "f")).toBe("a\0b");
});

test.each<[string, Buffer, RegExp]>([
  [
    "latin-1",
    Buffer.from(TEXT, "latin1"),
    /^f:2:11: the byte 0xef is not valid UTF-8; in latin-1 \(Windows-1252\) it is "ï": save it as UTF-8/,
  ],
  ["latin-1 in the first column", Buffer.from("é", "latin1"), /^f:1:1: the byte 0xe9 /],
  [
    "latin-1 after characters of several bytes",
    Buffer.concat([Buffer.from("a\r\n€é: "), Buffer.from([0xfc])]),
    /^f:2:5: the byte 0xfc .* it is "ü"/,
  ],
  ["a character that is cut off", Buffer.from("abc€").subarray(0, 5), /^f:1:4: the byte 0xe2 is not valid UTF-8/],
  ["a byte that cannot begin a character", Buffer.from([0x61, 0x81]), /^f:1:2: the byte 0x81 is not valid UTF-8: save/],
  [
    "UTF-16 as PowerShell writes it",
    utf16(TEXT, { mark: true }),
    /^f:1:1: the file must be UTF-8, but it is UTF-16 \(little-endian, with a byte order mark\): save it as UTF-8/,
  ],
  [
    "UTF-16, big-endian",
    utf16(TEXT, { big: true, mark: true }),
    /^f:1:1: the file must be UTF-8, but it is UTF-16 \(big-endian, with a byte order mark\)/,
  ],
  ["UTF-16 without a mark", utf16(TEXT), /^f:1:1: the file must be UTF-8, but it is UTF-16 \(little-endian, without a byte order mark\)/],
  [
    "UTF-16, big-endian, without a mark",
    utf16(TEXT, { big: true }),
    /^f:1:1: the file must be UTF-8, but it is UTF-16 \(big-endian, without/,
  ],
  [
    "UTF-16 with few letters of ASCII",
    utf16(`name: ${"日本語".repeat(5)}\n`),
    /^f:1:1: the file must be UTF-8, but it is UTF-16 \(little-endian, without/,
  ],
  ["UTF-32", Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), utf32(TEXT)]), /^f:1:1: the file must be UTF-8, but it is UTF-32 \(with/],
  ["UTF-32 without a mark", utf32(TEXT), /^f:1:1: the file must be UTF-8, but it is UTF-32 \(without/],
])("%s is refused with the encoding and the position", (_, bytes, message) => {
  expect(() => decodeText(bytes, "f")).toThrow(message);
});
