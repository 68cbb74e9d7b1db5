import { expect, test } from "vitest";
import type { DeploymentInManifest } from "../../src/manifest/manifest";
import { type JobSource, renderedJob } from "../../src/runs/renderedJob";
import { defaultTemplate } from "../../src/template";

function sourceOf(jobVariables: JobSource["template"], over: Partial<JobSource> = {}): JobSource {
  const deployment: DeploymentInManifest = { command: "true", workPool: { name: "local", jobVariables } };
  return {
    deployment,
    deploymentName: "hello/node",
    template: defaultTemplate("process:push"),
    undeclared: "refuse",
    flowRunJobVariables: {},
    manifest: { blocks: {}, variables: { level: "info" } },
    env: {},
    ...over,
  };
}

test("runs of a deployment share their job, but not with another pool, block, variable, deployment or job variable", () => {
  const source = sourceOf({ env: { LEVEL: "{{ prefect.variables.level }}" } });
  const job = renderedJob(source);
  expect(job).toMatchObject({ command: "true", env: { LEVEL: "info" } });
  expect(renderedJob({ ...source })).toBe(job);

  const own = renderedJob({ ...source, flowRunJobVariables: { env: { LEVEL: "own" } } });
  expect(own).toMatchObject({ env: { LEVEL: "own" } });
  expect(renderedJob({ ...source })).toBe(job);

  const read = { ...source, manifest: { blocks: {}, variables: { level: "debug" } } };
  expect(renderedJob(read)).toMatchObject({ env: { LEVEL: "debug" } });
  const { variables } = source.template;
  const template = { job_configuration: { command: "{{ command }}", env: "{{ env }}", pool: "other" }, variables: variables ?? null };
  expect(renderedJob({ ...read, template })).toMatchObject({ pool: "other", env: { LEVEL: "debug" } });
  const deployment = { ...source.deployment, command: "false" };
  expect(renderedJob({ ...read, template, deployment })).toMatchObject({ command: "false" });
});

test("a job that reads the environment is rendered for each run", () => {
  const template = { job_configuration: { command: "{{ command }}", place: "{{ $PLACE }}" }, variables: { properties: { command: {} } } };
  const source = sourceOf({}, { template });
  expect(renderedJob({ ...source, env: { PLACE: "a" } })).toMatchObject({ place: "a" });
  expect(renderedJob({ ...source, env: { PLACE: "b" } })).toMatchObject({ place: "b" });
});

test("an invalid job is refused each time, also if another pool accepts it", () => {
  const source = sourceOf({ unknown: 1 });
  expect(() => renderedJob(source)).toThrow(/unknown is not a variable of the work pool/);
  renderedJob({ ...source, undeclared: "pass" });
  expect(() => renderedJob(source)).toThrow(/unknown is not a variable of the work pool/);
  expect(() => renderedJob({ ...source, undeclared: "pass", flowRunJobVariables: { nothing: 1 } })).toThrow(/"nothing" is not a variable/);
});
