import { expect, test } from "vitest";
import { outputLine } from "../../src/cli/outputLine";
import type { Json } from "../../src/json";

const manifest = { kind: "pushpool.dev/manifest", version: 1, pools: { etl: {}, local: {} }, deployments: { "hello/prod": {} } };

test.each<[string, Json, string]>([
  ["a manifest", manifest, "out: manifest (work pools: etl, local; deployments: hello/prod)"],
  ["a manifest of a program in Python", JSON.stringify(manifest), "out: manifest (work pools: etl, local; deployments: hello/prod)"],
  [
    "the same with secrets",
    JSON.stringify({ ...manifest, secretPaths: ["/pools/etl"] }),
    "out: manifest (work pools: etl, local; deployments: hello/prod)",
  ],
  ["a manifest without deployments", { kind: "pushpool.dev/manifest", pools: {} }, "out: manifest (work pools: none; deployments: none)"],
  ["a manifest with a wrong part", { kind: "pushpool.dev/manifest", pools: "etl" }, "out: manifest (work pools: none; deployments: none)"],
  ["a secret", "[secret]", 'out: "[secret]"'],
  ["a string that only looks like a manifest", '{"kind": "pushpool.dev/manifest"', String.raw`out: "{\"kind\": \"pushpool.dev/manifest\""`],
  ["other JSON in a string", '{"a":1}', String.raw`out: "{\"a\":1}"`],
  ["an object", { a: 1 }, 'out: {"a":1}'],
  ["null", null, "out: null"],
])("an output that is %s", (_, value, line) => {
  expect(outputLine("out", value)).toBe(line);
});
