import { expect, test } from "vitest";
import { type Login, planAws, planAzure, planGcp } from "../../src/init";

const PLANNERS = { aws: planAws, azure: planAzure, gcp: planGcp };
const planned = (cloud: keyof typeof PLANNERS, login?: Login) =>
  PLANNERS[cloud]({ folder: "/data", env: {}, pushpool: "^1", present: [], ...(login === undefined ? {} : { login }) });

test.each(Object.keys(PLANNERS) as (keyof typeof PLANNERS)[])("%s: who submits the runs of a new project", (cloud) => {
  const program = (login?: Login) => planned(cloud, login).files["index.js"] ?? "";
  expect(program("key")).toBe(program());
  expect(program()).not.toMatch(/login|repository|Config/);
  expect(program("ambient")).toContain('const login = { credentials: "ambient" };');
  expect(program("federated")).toContain(`
// GitHub Actions jobs of this repository, on its branch main, submit runs: the pools have no key.
const repository = new pulumi.Config().require("repository");
const login = { credentials: "federated", federation: { github: { repository, branch: "main" } } };
`);
  expect(program("federated")).toMatch(/^const pulumi = require\("@pulumi\/pulumi"\);\n/);
  for (const login of ["ambient", "federated"] as const) expect(program(login)).toMatch(/PushPool\("\w+", \{ \.\.\.login \}\)/);
  expect(planned(cloud, "federated").before.at(-1)).toBe("pulumi config set repository OWNER/NAME");
  expect(planned(cloud, "federated").notes).toEqual([expect.stringContaining("id-token: write")]);
  expect(planned(cloud, "ambient").before).toEqual(planned(cloud).before);
});
