import { writeFileSync } from "node:fs";
import Module from "node:module";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { CloudRunPushPool } from "../../components/gcp";
import { FlowImage } from "../../components/index";
import { scratch } from "../scratch";
import { mockPulumi } from "./mocks";

type Resolver = { _resolveFilename: (request: string, ...rest: unknown[]) => string };

test("without @pulumi/docker-build, an image is refused with the command that installs it, before anything is registered", async () => {
  const context = scratch();
  writeFileSync(join(context, "Dockerfile"), "FROM python:3.12-slim\n");
  const registered = mockPulumi();
  const node = Module as unknown as Resolver;
  const resolve = node._resolveFilename.bind(Module);
  const missing = vi.spyOn(node, "_resolveFilename").mockImplementation((request, ...rest) => {
    if (request.startsWith("@pulumi/docker-build")) throw new Error(`Cannot find module '${request}'`);
    return resolve(request, ...rest);
  });
  try {
    expect(() => new FlowImage("etl", { build: { context, repository: "registry.example/etl" } })).toThrow(
      /^build needs a package that is not installed: npm install @pulumi\/docker-build$/,
    );
    expect(() => new CloudRunPushPool("etl", { project: "acme-data", region: "europe-west1", image: { context } })).toThrow(
      /^image needs a package that is not installed: npm install @pulumi\/docker-build$/,
    );
  } finally {
    missing.mockRestore();
  }
  expect(registered).toEqual([]);
});
