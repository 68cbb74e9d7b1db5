import { readFileSync } from "node:fs";
import { join } from "node:path";
import { split } from "shlex";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { startFakeIssuer } from "../../src/testing";
import { scratch } from "../scratch";
import { gcpPlace } from "./clouds/gcp";

// examples/keyless: its program and its workflow as they are, on a fake Google Cloud that trusts a fake GitHub.

const example = join(__dirname, "..", "..", "examples", "keyless");
const read = (file: string) => readFileSync(join(example, file), "utf8");

interface Workflow {
  on: { push: { branches: [string] } };
  permissions: Record<string, string>;
  jobs: { hello: { env: Record<string, string>; steps: { run?: string }[] } };
}

test("the workflow's job runs the deployment with GitHub's token, from a manifest without a secret; no key was made", async () => {
  const issuer = await startFakeIssuer({ issuer: "https://token.actions.githubusercontent.com" });
  onTestFinished(issuer.stop);
  const here = await gcpPlace({ issuers: { [issuer.issuer]: issuer.url } });
  for (const file of ["Pulumi.yaml", "index.js"]) here.write(file, read(`gcp/${file}`));
  here.configure({ "keyless-gcp:repository": "acme/etl", "keyless-gcp:endpoints": here.fake.endpoints });
  const up = await here.run("up", "--engine", "offline", "--yes");
  expect([up.status, up.stderr]).toEqual([0, expect.stringContaining("created")]);
  expect([...here.fake.world.iam.keys]).toEqual([]);
  const shown = await here.run("manifest", "show");
  expect(shown.stdout).not.toContain("[secret]");
  here.write("manifest.json", shown.stdout);

  // The job has the repository, and neither the stack nor its key.
  const { on, permissions, jobs } = parse(read("github-actions.yml")) as Workflow;
  const elsewhere = scratch();
  const own = { PUSHPOOL_HOME: join(elsewhere, ".pushpool"), XDG_STATE_HOME: join(elsewhere, "state"), GITHUB_ACTIONS: "true" };
  Object.assign(here.env, jobs.hello.env, own);
  const commands = jobs.hello.steps.flatMap(({ run = "" }) => (run.startsWith("npx pushpool ") ? [split(run).slice(2)] : []));
  expect(commands).toHaveLength(1);
  const job = () => here.run(...(commands[0] ?? []));
  const withoutPermission = await job();
  expect([withoutPermission.status, withoutPermission.stderr]).toEqual([5, expect.stringContaining("permissions: { id-token: write }")]);

  expect(permissions).toEqual({ contents: "read", "id-token": "write" });
  Object.assign(here.env, issuer.githubEnv({ repository: "acme/etl", branch: on.push.branches[0] }));
  const done = await job();
  expect([done.status, done.stdout, done.stderr]).toEqual([0, "Hello\n", expect.stringContaining("COMPLETED")]);
  expect(here.fake.calls.filter(({ method }) => method === "sts.token")).toHaveLength(1);
}, 400_000);
