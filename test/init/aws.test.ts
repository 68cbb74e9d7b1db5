import fc from "fast-check";
import { expect, test } from "vitest";
import { planAws } from "../../src/init";
import type { PrefectYaml } from "../../src/prefectYaml";

/** The planned program for these work pools, and the names of its components. */
function planned(names: readonly string[]): { program: string; ids: string[] } {
  const actions = { build: null, push: null, pull: null };
  const prefectYaml = {
    actions,
    deployments: names.map((name) => ({ config: { name: "prod", work_pool: { name } } })),
  } as unknown as PrefectYaml;
  const { files } = planAws({ folder: "/data", prefectYaml, env: {}, pushpool: "^1", present: [] });
  const program = files["index.js"] ?? "";
  return { program, ids: [...program.matchAll(/new EcsPushPool\("([^"]*)"/g)].map(([, id = ""]) => id) };
}

test.each([
  [["etl"], ["etl"]],
  [["big pool"], ["big-pool"]],
  [["1st"], ["pool-1st"]],
  [["SG-7"], ["pool-SG-7"]],
  [
    ["a b", "a-b", "a-b-2"],
    ["a-b", "a-b-2", "a-b-2-2"],
  ],
])("work pools %j become components %j", (names, ids) => {
  expect(planned(names).ids).toEqual(ids);
});

test("a single pool has its own network and cluster; several pools share them", () => {
  expect(planned(["etl"]).program).not.toContain("TaskNetwork");
  expect(planned(["etl", "other"]).program).toMatch(/new TaskNetwork\("runs"\)[\s\S]*new EcsPushPool\("other", \{ \.\.\.place \}\)/);
});

test("property: all component names are unique and valid in AWS", () => {
  const name = fc.string({ minLength: 1, maxLength: 60 }).filter((text) => /^[^/%&<>{}\s"\\][^/%&<>{}"\\]*$/.test(text));
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), (names) => {
      const { ids } = planned(names);
      expect(ids).toHaveLength(names.length);
      expect(new Set(ids).size).toBe(ids.length);
      for (const id of ids) expect(id).toMatch(/^(?!sg-)[A-Za-z][A-Za-z0-9_-]{0,39}$/i);
    }),
  );
});
