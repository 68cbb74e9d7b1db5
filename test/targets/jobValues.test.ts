import { expect, test } from "vitest";
import type { Value } from "../../src/json";
import { wordsAt } from "../../src/targets/jobValues";

test.each<[Value, string[]]>([
  ["sh -c 'exit 3'", ["sh", "-c", "exit 3"]],
  [
    ["sleep", 5, true],
    ["sleep", "5", "true"],
  ],
])("a command: %j", (value, words) => expect(wordsAt(value, "command", "")).toEqual(words));

test.each<[Value, string]>([
  [["echo", null], "command[1]: must be a string"],
  [[{ a: 1 }], "command[0]: must be a string"],
  [["echo", ["b"]], "command[1]: must be a string"],
  [{ a: 1 }, "command: must be a string or a list of strings"],
])("not a command: %j", (value, message) => expect(() => wordsAt(value, "command", "")).toThrow(message));
