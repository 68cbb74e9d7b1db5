import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as installed from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { devDependencies, peerDependencies } from "../../package.json";
import type { JsonObject } from "../../src/json";
import { checked } from "../../src/targets/cloud/wireFields";
import { fieldOf, type Shape } from "../../src/targets/ecs/awsShapes";
import { ECS } from "../../src/targets/ecs/ecsPlan";
import { UserError } from "../../src/userError";
import { scratch } from "../scratch";

test.each(Object.entries(peerDependencies))("the peer dependency %s has an upper bound: %s", (name, range) => {
  // Below 1.0, each minor version may break.
  expect(range).toMatch(/^\^\d|<[1-9]\d*$|<0\.\d+$/);
  // The version that the tests use is in the range.
  expect((devDependencies as Record<string, string>)[name]?.split(".")[0]).toBe(`^${/\d+/.exec(range)?.[0]}`);
});

/** The module of an older version of `@aws-sdk/client-ecs`, from its own folder. */
function oldest(): Record<string, Shape> {
  const folder = scratch();
  const [, version] = /^>=(\d+\.\d+) <4$/.exec(peerDependencies["@aws-sdk/client-ecs"]) ?? [];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", `@aws-sdk/client-ecs@${version}.0`], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  return createRequire(join(folder, "package.json"))("@aws-sdk/client-ecs") as Record<string, Shape>;
}

const RUN = "RunTaskRequest$";
const REGISTER = "RegisterTaskDefinitionRequest$";
const CASES: [name: string, request: JsonObject, problem: string | undefined][] = [
  [RUN, { taskDefinition: "etl:1", cluster: "etl", count: 1, tags: [{ key: "a", value: "b" }] }, undefined],
  [RUN, { cluster: "etl" }, "taskDefinition: is missing"],
  [RUN, { taskDefinition: "etl:1", lunchType: "FARGATE" }, "lunchType: ECS has no such field here"],
  [RUN, { taskDefinition: 1 }, "taskDefinition: must be"],
  [RUN, { taskDefinition: "etl:1", count: "1" }, "count: must be a number"],
  [RUN, { taskDefinition: "etl:1", enableExecuteCommand: "yes" }, "enableExecuteCommand: must be true or false"],
  [RUN, { taskDefinition: "etl:1", tags: {} }, "tags: must be a list"],
  [RUN, { taskDefinition: "etl:1", tags: [{ key: 1 }] }, "tags[0].key: must be"],
  [RUN, { taskDefinition: "etl:1", networkConfiguration: { awsvpcConfiguration: {} } }, "awsvpcConfiguration.subnets: is missing"],
  [RUN, { taskDefinition: "etl:1", overrides: { containerOverrides: [{ command: "true" }] } }, "command: must be a list"],
  [REGISTER, { family: "etl", containerDefinitions: [{ name: "flow", environment: [] }] }, undefined],
  [REGISTER, { containerDefinitions: [] }, "family: is missing"],
  [REGISTER, { family: "etl", containerDefinitions: [{ logConfiguration: { logDriver: "awslogs", options: { a: 1 } } }] }, "a: must be"],
];

// AWS documents the SDK's commands, but not the descriptions of its API in the SDK. The range is valid as long as both say the same.
test("the oldest supported @aws-sdk/client-ecs describes requests like the installed one", () => {
  const versions = [oldest(), installed as unknown as Record<string, Shape>];
  for (const [name, request, problem] of CASES) {
    const [then, now] = versions.map((sdk) => {
      try {
        checked(request, fieldOf(sdk[name] as Shape), "request", ECS);
        return undefined;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return error.message;
      }
    });
    expect(then).toEqual(now);
    expect([name, request, now]).toEqual([name, request, problem === undefined ? undefined : expect.stringContaining(problem)]);
  }
});
