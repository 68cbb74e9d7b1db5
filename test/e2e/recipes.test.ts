import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blocksOf, commandsOf } from "../docs/markdown";
import { scratch } from "../scratch";
import { manifestOf, type Place, place } from "./pushpool";

// The recipes of docs/deploy.md and docs/ci.md, with the commands shown there. A stand-in for `pulumi` has the stack's outputs; one of them
// is the manifest.

const shown = ["docs/deploy.md", "docs/ci.md"].flatMap(blocksOf).flatMap(commandsOf);

const YAML = `deployments:
- name: prod
  entrypoint: flows/hello.py:hello
  parameters: { name: Ada }
  work_pool:
    name: local
    job_variables: { env: { TOKEN: "{{ prefect.blocks.secret.token }}" } }
`;

/** A repository of flows, without a Pulumi project. */
function flowsRepository(): Place & { leave(): void } {
  const here = place();
  mkdirSync(join(here.folder, "flows"));
  writeFileSync(
    join(here.folder, "flows", "hello.py"),
    "import os\n\ndef hello(name):\n    print(f\"Hello, {name}! ({len(os.environ['TOKEN'])})\")\n",
  );
  writeFileSync(join(here.folder, "prefect.yaml"), YAML);
  const blocks = { "secret/token": { data: { value: "hush-hush" } } };
  const manifest = { ...manifestOf({}), source: { project: "infra", stack: "prod" }, blocks };
  const masked = { ...manifest, blocks: { "secret/token": { data: { value: "[secret]" } } } };
  const bin = scratch();
  for (const [name, pushPools] of Object.entries({ shown: manifest, masked }))
    writeFileSync(join(bin, name), JSON.stringify({ pushPools }));
  const script = `#!/bin/sh
case "$*" in
  "stack output --json --stack acme/infra/prod --show-secrets --non-interactive") cat ${join(bin, "shown")};;
  "stack output --json --stack acme/infra/prod --non-interactive") cat ${join(bin, "masked")};;
  *) echo "error: not expected: $*" >&2; exit 255;;
esac
`;
  writeFileSync(join(bin, "pulumi"), script, { mode: 0o755 });
  here.env.PATH = `${bin}:${process.env.PATH}`;
  return { ...here, leave: () => rmSync(join(bin, "pulumi")) };
}

/** Run a command of the pages, which must contain it. */
function recipe({ pushpool }: Place, line: string) {
  expect(shown).toContain(line);
  const [, ...args] = line.split(" ");
  return pushpool(...args);
}

test("flows in a separate repository", () => {
  const here = flowsRepository();
  const pulled = recipe(here, "pushpool manifest pull --stack acme/infra/prod --with-secrets");
  expect([pulled.status, pulled.stderr]).toEqual([0, expect.stringMatching(/pulled the manifest of stack infra\/prod/)]);
  expect(recipe(here, "pushpool deploy --all")).toMatchObject({ status: 0, stdout: "  + hello/prod (work pool local)\n" });
  // From now on without Pulumi: the message has the manifest's age.
  here.leave();
  const run = recipe(here, "pushpool run hello/prod");
  expect([run.status, run.stdout]).toEqual([0, "Hello, Ada! (9)\n"]);
  expect(here.pushpool("pools").stderr).toMatch(/the manifest of infra\/prod pulled less than a minute ago/);
  // The secret is nowhere in the project.
  const files = readdirSync(here.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const inProject = files.map((entry) => join(entry.parentPath, entry.name)).filter((path) => !path.startsWith(join(here.folder, "state")));
  expect(inProject.length).toBeGreaterThan(3);
  for (const path of inProject) expect([path, readFileSync(path).includes("hush-hush")]).toEqual([path, false]);
});

test("in CI, where each job begins without a ledger", () => {
  // Two jobs, each in its own checkout.
  for (const job of [flowsRepository(), flowsRepository()]) {
    job.env.GITHUB_RUN_ID = "7";
    expect(recipe(job, "pushpool manifest pull --stack acme/infra/prod --with-secrets").status).toBe(0);
    expect(recipe(job, "pushpool deploy --all --all-or-nothing")).toMatchObject({
      status: 0,
      stdout: "  + hello/prod (work pool local)\n",
    });
    const run = recipe(job, "pushpool run hello/prod --json");
    expect([run.status, JSON.parse(run.stdout.trim().split("\n").at(-1) as string)]).toEqual([
      0,
      expect.objectContaining({ event: "result", exitCode: 0 }),
    ]);
  }
  const failing = flowsRepository();
  writeFileSync(join(failing.folder, "prefect.yaml"), YAML.replace("hello.py:hello", "hello.py:helo"));
  failing.pushpool("manifest", "pull", "--stack", "acme/infra/prod");
  expect(failing.pushpool("deploy", "--all", "--all-or-nothing")).toMatchObject({ status: 2, stdout: "" });
});
