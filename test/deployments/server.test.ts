import { randomUUID } from "node:crypto";
import { copyFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { JsonObject } from "../../src/json";
import { openSqliteLedger } from "../../src/ledger";
import { createBlock, newestSchema } from "../../src/prefect/api/blocks";
import { readDeploymentByName, type ServerDeployment } from "../../src/prefect/api/deployments";
import { createWorkPool } from "../../src/prefect/api/workPools";
import type { Client } from "../../src/prefect/client";
import { describePrefect } from "../prefect/python";
import { sharedServer } from "../prefect/server";
import { clientOf } from "../serve/server/dispatcher";
import { fixtures, names, REFUSED, results, STEP_OUTPUTS, TEMPLATE } from "./recorded";
import { deployerTo, deployWithPrefect, folderOf } from "./toServer";

/** Where pushpool stores something else than `prefect deploy`, by file; docs/deploy.md says why. */
const SAFER: Record<string, JsonObject> = {
  // Prefect drops a placeholder that is alone in a list item.
  "12-build-push-outputs": { tags: ["v1.2.3", "pushed-v1.2.3", "x-"] },
  "20-tags-string": { tags: ["v1", "v2"] },
  "21-tags-plain-string": { tags: ["solo"] },
};

describePrefect("deploying to a real Prefect server", () => {
  vi.setConfig({ testTimeout: 300_000 });
  let client: Client;
  let withPrefect: string;
  let venvWithPrefect: string;
  beforeAll(async () => {
    const { apiUrl, venv } = await sharedServer();
    client = clientOf(apiUrl);
    venvWithPrefect = venv;
    withPrefect = `${join(venv, "bin")}${delimiter}${process.env.PATH}`;
    for (const name of ["yaml-pool", "yaml-pool-2"])
      await createWorkPool(client, { name, type: "process:push", base_job_template: TEMPLATE });
    await client.request("POST", "/variables/", { json: { name: "lab_tags", value: ["v1", "v2"] }, allow: [409] });
    await client.request("POST", "/variables/", { json: { name: "lab_region", value: "eu" }, allow: [409] });
    const key = { slug: "secret", name: "lab-secret" };
    await createBlock(client, key, await newestSchema(client, "secret", 60_000), { value: "hush" }, []);
  }, 600_000);

  const ledger = openSqliteLedger(":memory:");
  afterAll(() => ledger.close());
  const deploy: ReturnType<typeof deployerTo>["deploy"] = (...args) => deployerTo(client, ledger).deploy(...args);
  const stored = async (name: string): Promise<ServerDeployment> => {
    const found = await readDeploymentByName(client, name);
    if (!found) throw new Error(`there is no ${name}`);
    return found;
  };
  /** A file with one new deployment. */
  const one = (more: string, name = `d-${randomUUID().slice(0, 8)}`) => {
    const text = (rest: string) => `deployments:\n- name: ${name}\n  entrypoint: flows.py:hello\n  work_pool: { name: yaml-pool }\n${rest}`;
    const at = folderOf((file) => writeFileSync(file, text(more)));
    return { ...at, name: `hello/${name}`, change: (rest: string) => writeFileSync(at.file, text(rest)) };
  };
  const scheduledRuns = async ({ id }: ServerDeployment): Promise<string[]> => {
    const json = {
      deployments: { id: { any_: [id] } },
      flow_runs: { state: { type: { any_: ["SCHEDULED"] } } },
      sort: "ID_DESC",
      limit: 200,
    };
    return (await client.request<{ id: string }[]>("POST", "/flow_runs/filter", { json })).body.map((run) => run.id);
  };
  /** Let the server create the runs of its schedules now. */
  const makeRuns = ({ id }: ServerDeployment) => client.request("POST", `/deployments/${id}/schedule`, { json: {} });

  const deployable = names.filter((name) => (results[name]?.deploy_all.deployments.length ?? 0) > 0 || REFUSED[name]);
  test.each(deployable)("%s: the server stores the same as after `prefect deploy --all`; a second time changes nothing", async (name) => {
    const at = folderOf((file) => copyFileSync(join(fixtures, `${name}.yaml`), file));
    // Two files have build steps, which run as in the recording.
    const options = STEP_OUTPUTS[name] === undefined ? {} : { stepsIn: venvWithPrefect };
    const planned = await deploy(at, options);
    const refused = (REFUSED[name] ?? []).map(([of]) => of);
    expect(planned.problems.map((problem) => problem.name)).toEqual(refused);
    for (const { flow_name: flow, ...theirs } of results[name]?.deploy_all.deployments ?? []) {
      if (refused.includes(theirs.name as string)) continue;
      expect(asRecorded(await stored(`${flow}/${theirs.name}`), at.folder)).toEqual({
        ...theirs,
        schedules: inOrder(theirs.schedules as JsonObject[]),
        pull_steps: theirs.pull_steps ?? [],
        description: theirs.description === "None" ? null : theirs.description,
        ...SAFER[name],
      });
    }
    const again = await deploy(at, options);
    expect(again.deployments.map(({ name: of, change, changes }) => [of, change, changes])).toEqual(
      planned.deployments.map(({ name: of }) => [of, "same", []]),
    );
  });

  test("steps that a deployment leaves out, empties or has of its own: the same run as in `prefect deploy --all`", async () => {
    const steps = (of: string, indent = "") =>
      ["build", "push", "pull"]
        .map((key) => `${indent}${key}: [{ prefect.deployments.steps.run_shell_script: { id: ${key}-step, script: echo ${of}-${key} } }]\n`)
        .join("");
    const empty = (value: string) => ["build", "push", "pull"].map((key) => `  ${key}: ${value}\n`).join("");
    const kinds = { absent: "", nulls: empty("null"), lists: empty("[]"), mappings: empty("{}"), own: steps("own", "  ") };
    const at = folderOf((file) => {
      const deployments = Object.entries(kinds).map(
        ([name, more]) =>
          `- name: steps-${name}\n  entrypoint: flows.py:hello\n  work_pool: { name: yaml-pool }\n  description: "of {{ build-step.stdout }} {{ push-step.stdout }}"\n${more}`,
      );
      writeFileSync(file, `${steps("file")}deployments:\n${deployments.join("")}`);
    });
    deployWithPrefect(at.folder, { venv: venvWithPrefect, apiUrl: client.connection.apiUrl });
    const seen: Record<string, unknown> = {};
    for (const name of Object.keys(kinds)) {
      const { description, pull_steps: pull } = await stored(`hello/steps-${name}`);
      seen[name] = [description, JSON.stringify(pull).match(/echo [a-z-]+/g)];
    }
    expect(seen).toEqual({
      absent: ["of file-build file-push", ["echo file-pull"]],
      nulls: ["of  file-push", ["echo file-pull"]],
      lists: ["of  file-push", null],
      mappings: ["of  file-push", ["echo file-pull"]],
      own: ["of own-build own-push", ["echo own-pull"]],
    });
    const ours = await deploy(at, { stepsIn: venvWithPrefect });
    expect(ours.deployments.map(({ name, change, changes }) => [name, change, changes])).toEqual(
      Object.keys(kinds).map((name) => [`hello/steps-${name}`, "same", []]),
    );
    const noted = ours.deployments.filter(({ warnings }) => warnings.some((warning) => warning.startsWith("push is empty")));
    expect(noted.map(({ name }) => name)).toEqual(["nulls", "lists", "mappings"].map((name) => `hello/steps-${name}`));
  });

  test("a second time, also in another order, keeps the scheduled runs; a changed schedule changes alone", async () => {
    const daily = '  - { cron: "0 6 * * *", timezone: Europe/Berlin, slug: daily }\n';
    const hourly = "  - { interval: 3600, slug: hourly }\n";
    const nameless = '  - { cron: "0 7 * * *" }\n';
    const file = one(`  schedules:\n${daily}${hourly}${nameless}`);
    await deploy(file);
    const before = await stored(file.name);
    await makeRuns(before);
    const runs = await scheduledRuns(before);
    expect(runs.length).toBeGreaterThan(5);

    expect((await deploy(file)).deployments).toMatchObject([{ change: "same", changes: [] }]);
    file.change(`  schedules:\n${hourly}${nameless}${daily}`);
    expect((await deploy(file)).deployments).toMatchObject([{ change: "same", changes: [] }]);
    expect(await scheduledRuns(before)).toEqual(runs);

    file.change(`  schedules:\n${daily.replace("0 6", "30 6")}${hourly}`);
    expect((await deploy(file)).deployments).toMatchObject([
      {
        change: "update",
        changes: [
          { path: "schedules.daily.cron", from: "0 6 * * *", to: "30 6 * * *" },
          { path: "schedules.schedule-3", to: undefined },
        ],
      },
    ]);
    const after = await stored(file.name);
    const idOf = (deployment: ServerDeployment, slug: string) => deployment.schedules.find((schedule) => schedule.slug === slug)?.id;
    expect(after.schedules).toHaveLength(2);
    for (const slug of ["daily", "hourly"]) expect(idOf(after, slug)).toBe(idOf(before, slug));
  });

  test("a change is shown leaf by leaf, and made in place", async () => {
    const file = one('  schedules: [{ cron: "0 6 * * *" }]\n');
    await deploy(file);
    const before = await stored(file.name);
    file.change('  tags: [nightly]\n  parameters: { n: 2 }\n  concurrency_limit: 3\n  schedules: [{ cron: "0 6 * * *" }]\n');
    expect((await deploy(file)).deployments).toMatchObject([
      {
        change: "update",
        changes: [
          { path: "parameters.n", from: undefined, to: 2 },
          { path: "tags[0]", from: undefined, to: "nightly" },
          { path: "concurrencyLimit", from: null, to: 3 },
        ],
      },
    ]);
    const changed = await stored(file.name);
    expect(changed).toMatchObject({ id: before.id, tags: ["nightly"], parameters: { n: 2 }, global_concurrency_limit: { limit: 3 } });
    expect(changed.schedules.map(({ id }) => id)).toEqual(before.schedules.map(({ id }) => id));
    file.change('  schedules: [{ cron: "0 6 * * *" }]\n');
    await deploy(file);
    expect(await stored(file.name)).toMatchObject({ tags: [], parameters: {}, global_concurrency_limit: null });
  });

  test("fields that the file does not set stay as someone set them on the server: a pause, and schedules, with a warning", async () => {
    const file = one("");
    await deploy(file);
    const { id } = await stored(file.name);
    await client.request("PATCH", `/deployments/${id}`, { json: { paused: true } });
    const json = [{ schedule: { cron: "5 5 * * *" }, active: true }];
    await client.request("POST", `/deployments/${id}/schedules`, { json });
    expect((await deploy(file)).deployments).toMatchObject([
      { change: "same", warnings: [expect.stringMatching(/^the file sets no schedules, so those on the server \(1\) stay/)] },
    ]);
    expect(await stored(file.name)).toMatchObject({ paused: true, schedules: { length: 1 } });
    file.change("  paused: false\n");
    await deploy(file);
    expect(await stored(file.name)).toMatchObject({ paused: false, schedules: { length: 1 } });
  });

  test("a schedule that someone paused stays paused, whatever else changes; what the file sets counts", async () => {
    const schedules = (...given: string[]) => `  schedules: [${given.map((one) => `{ ${one} }`).join(", ")}]\n`;
    const file = one(schedules('cron: "0 5 * * *"', 'cron: "0 6 * * *", slug: morning, parameters: { n: 1 }'));
    await deploy(file);
    const { id, schedules: before } = await stored(file.name);
    const ids = Object.fromEntries(before.map(({ id: one, slug }) => [slug as string, one]));
    for (const { id: one, parameters } of before)
      await client.request("PATCH", `/deployments/${id}/schedules/${one}`, { json: { active: false, parameters } });
    const now = async (...given: string[]) => {
      file.change(schedules(...given));
      const [change] = (await deploy(file)).deployments;
      const seen = (await stored(file.name)).schedules.map((one) => [one.id, one.slug, one.active, one.schedule.cron, one.parameters]);
      return [change?.change, seen.sort((a, b) => String(a[3]).localeCompare(String(b[3])))];
    };
    const [nameless, morning] = [ids["schedule-1"], ids.morning];
    const first = [nameless, "schedule-1", false, "0 5 * * *", {}];
    expect(await now('cron: "0 5 * * *"', 'cron: "0 6 * * *", slug: morning')).toEqual([
      "same",
      [first, [morning, "morning", false, "0 6 * * *", { n: 1 }]],
    ]);
    expect(await now('cron: "0 4 * * *"', 'cron: "0 7 * * *", slug: morning')).toEqual([
      "update",
      [
        [nameless, "schedule-1", false, "0 4 * * *", {}],
        [morning, "morning", false, "0 7 * * *", { n: 1 }],
      ],
    ]);
    const early = [morning, "early", false, "0 8 * * *", { n: 1 }];
    for (const change of ["update", "same"])
      expect(await now('cron: "0 4 * * *"', 'cron: "0 8 * * *", slug: early, replaces: morning')).toMatchObject([change, [{}, early]]);
    expect(await now('cron: "0 4 * * *"', 'cron: "0 8 * * *", slug: late')).toMatchObject([
      "update",
      [{}, [morning, "late", false, "0 8 * * *", { n: 1 }]],
    ]);
    const brief = async (...given: string[]) => {
      const [change, seen] = await now(...given);
      return [change, ...(seen as unknown[][]).map((each) => each.slice(0, 3))];
    };
    // Then they swap slugs.
    const both = ['cron: "0 4 * * *", slug: a', 'cron: "0 8 * * *", slug: b, replaces: late'];
    expect(await brief(...both)).toEqual(["update", [nameless, "a", false], [morning, "b", false]]);
    const swapped = ['cron: "0 4 * * *", slug: b, replaces: a', 'cron: "0 8 * * *", slug: a, replaces: b'];
    expect(await brief(...swapped)).toEqual(["update", [nameless, "b", false], [morning, "a", false]]);
    // A slug that the file no longer has stays, with its schedule.
    const said = ['cron: "0 4 * * *", active: true', 'cron: "0 8 * * *", slug: a, parameters: {}'];
    expect(await brief(...said)).toEqual(["update", [nameless, "b", true], [morning, "a", false]]);
    expect((await stored(file.name)).schedules.map(({ parameters }) => parameters)).toEqual([{}, {}]);
    expect(await brief('cron: "0 3 * * *"', 'cron: "0 8 * * *", slug: a')).toEqual([
      "update",
      [nameless, "b", true],
      [morning, "a", false],
    ]);
    file.change(schedules('cron: "0 4 * * *", slug: b, replaces: a'));
    expect(await deploy(file)).toMatchObject({
      deployments: [],
      problems: [
        { line: 2, message: 'schedules[0].replaces: the deployment has both a schedule "a" and a schedule "b": remove one of them first' },
      ],
    });
    for (const silent of ["", "  schedules: null\n", "  schedule: null\n", "  schedule: {}\n"]) {
      file.change(silent);
      expect((await deploy(file)).deployments).toMatchObject([
        { change: "same", warnings: [expect.stringMatching(/`schedules: \[\]` removes them/)] },
      ]);
    }
    expect((await stored(file.name)).schedules).toHaveLength(2);
    file.change("  schedules: []\n");
    expect((await deploy(file)).deployments).toMatchObject([{ change: "update" }]);
    expect((await stored(file.name)).schedules).toEqual([]);
  });

  test("fields that the file does not set stay as someone set them on the server; those that it set last time go back", async () => {
    const file = one("");
    await deploy(file);
    const { id } = await stored(file.name);
    const set = {
      tags: ["ui"],
      parameters: { n: 5 },
      concurrency_limit: 3,
      concurrency_options: { collision_strategy: "CANCEL_NEW" },
      enforce_parameter_schema: false,
      job_variables: { env: { A: "b" } },
      work_pool_name: "yaml-pool",
      work_queue_name: "fast",
      paused: true,
      path: "/somewhere",
    };
    await client.request("PATCH", `/deployments/${id}`, { json: set });
    const before = await stored(file.name);
    expect((await deploy(file)).deployments).toMatchObject([
      {
        change: "same",
        warnings: [expect.stringMatching(/^the file does not set .*work_queue_name, parameters, .*tags, .*: the server's values stay$/)],
      },
    ]);
    expect({ ...(await stored(file.name)), updated: "" }).toEqual({ ...before, updated: "" });
    file.change("  tags: [mine]\n  parameters: { n: 1 }\n  concurrency_limit: 4\n");
    expect((await deploy(file)).deployments).toMatchObject([{ change: "update" }]);
    await client.request("PATCH", `/deployments/${id}`, { json: { parameters: { n: 7 } } });
    file.change("");
    await deploy(file);
    // Someone has changed the parameters since.
    expect(await stored(file.name)).toMatchObject({
      tags: [],
      parameters: { n: 7 },
      global_concurrency_limit: null,
      work_queue_name: "fast",
      paused: true,
    });
    file.change("  tags: []\n  parameters: {}\n  enforce_parameter_schema: true\n");
    await deploy(file);
    expect(await stored(file.name)).toMatchObject({ tags: [], parameters: {}, enforce_parameter_schema: true });
    writeFileSync(
      file.file,
      `deployments:\n- name: ${file.name.split("/")[1]}\n  entrypoint: flows.py:hello\n  work_pool: { name: yaml-pool-2 }\n`,
    );
    await deploy(file);
    expect(await stored(file.name)).toMatchObject({ work_pool_name: "yaml-pool-2", work_queue_name: "default" });
  });

  test("a change does not show a secret that `prefect deploy` wrote there", async () => {
    const file = one("");
    await deploy(file);
    const { id } = await stored(file.name);
    const jobVariables = { env: { TOKEN: "s3cr3t-value", OTHER: "s3cr3t-other" }, image: "s3cr3t-image" };
    await client.request("PATCH", `/deployments/${id}`, { json: { work_pool_name: "yaml-pool", job_variables: jobVariables } });
    const work = '  work_pool: { name: yaml-pool, job_variables: { image: "{{ prefect.blocks.secret.lab-secret }}" } }\n';
    writeFileSync(file.file, `deployments:\n- name: ${file.name.split("/")[1]}\n  entrypoint: flows.py:hello\n${work}`);
    const planned = await deploy(file);
    expect(planned.deployments).toMatchObject([{ change: "update" }]);
    expect(JSON.stringify(planned)).not.toMatch(/s3cr3t|hush/);
    expect((await stored(file.name)).job_variables).toEqual({ image: "{{ prefect.blocks.secret.lab-secret }}" });
  });

  test("flows are imported if Python has Prefect; one that cannot be is read from its code, with a note", async () => {
    const names = {
      computed: `d-${randomUUID().slice(0, 8)}`,
      unimportable: `d-${randomUUID().slice(0, 8)}`,
      plain: `d-${randomUUID().slice(0, 8)}`,
    };
    const entry = (name: string, entrypoint: string) =>
      `- { name: ${name}, entrypoint: "${entrypoint}", work_pool: { name: yaml-pool } }\n`;
    const at = folderOf((file) =>
      writeFileSync(
        file,
        `deployments:\n${entry(names.computed, "more.py:computed")}${entry(names.unimportable, "broken.py:unimportable")}${entry(names.plain, "more.py:plain")}`,
      ),
    );
    const model = "from prefect import flow\nfrom pydantic import BaseModel\nclass Size(BaseModel):\n    width: int\n";
    const flows =
      '@flow(name="-".join(["made", "up"]))\ndef computed(size: Size, n: int = 2 * 3):\n    """By import."""\ndef plain():\n    pass\n';
    writeFileSync(join(at.folder, "more.py"), `print("noise")\n${model}${flows}`);
    writeFileSync(
      join(at.folder, "broken.py"),
      "import no_such_module\nfrom prefect import flow\n@flow\ndef unimportable(n: int = 1):\n    pass\n",
    );
    const { notes, problems, deployments } = await deploy(at, { path: withPrefect });
    expect(deployments.map(({ name }) => name)).toEqual([`made-up/${names.computed}`, `unimportable/${names.unimportable}`]);
    expect(await stored(`made-up/${names.computed}`)).toMatchObject({
      description: "By import.",
      parameter_openapi_schema: {
        required: ["size"],
        properties: { size: { $ref: "#/definitions/Size" }, n: { default: 6, type: "integer" } },
        definitions: { Size: { properties: { width: { type: "integer" } } } },
      },
    });
    expect(await stored(`unimportable/${names.unimportable}`)).toMatchObject({
      parameter_openapi_schema: { properties: { n: { default: 1 } } },
    });
    expect(notes).toContainEqual(
      expect.stringMatching(/^broken\.py:unimportable cannot be imported \(.*no_such_module.*\): its name and parameters/),
    );
    expect(problems).toMatchObject([
      {
        name: names.plain,
        message: expect.stringMatching(/^entrypoint: more\.py:plain is not a flow, .* decorate it with Prefect's @flow/),
      },
    ]);
    expect((await deploy(at)).notes).toContainEqual(
      expect.stringMatching(/^python3 has no Prefect: flows and their parameters are read from/),
    );
  });
});

/** A deployment in the recording's form. */
function asRecorded(deployment: ServerDeployment, folder: string): JsonObject {
  const [recorded] = results["01-minimal"]?.deploy_all.deployments ?? [];
  const fields = Object.keys(recorded ?? {}).flatMap((field) =>
    field === "flow_name" ? [] : [[field, (deployment as unknown as JsonObject)[field]]],
  );
  const { global_concurrency_limit: limit, ...rest } = JSON.parse(
    JSON.stringify(Object.fromEntries(fields)).replaceAll(folder, "<cwd>"),
  ) as JsonObject;
  return {
    ...rest,
    pull_steps: rest.pull_steps ?? [],
    global_concurrency_limit: limit ? { limit: (limit as { limit: number }).limit } : null,
    schedules: inOrder(rest.schedules as JsonObject[]),
  };
}

/**
 * Compare schedules by content. Without a slug, pushpool gives one by position and Prefect gives none; without a start, the server uses its
 * clock.
 */
function inOrder(schedules: JsonObject[]): string[] {
  return schedules
    .map(({ id: _, created: __, updated: ___, deployment_id: ____, replaces: _____, slug, schedule, ...rest }) => {
      const { anchor_date: anchor, ...timing } = schedule as JsonObject;
      const fixed = String(anchor).startsWith("2020") ? { anchor } : {};
      const named = /^schedule-\d+$/.test(String(slug)) ? null : slug;
      return JSON.stringify(Object.entries({ ...rest, ...timing, ...fixed, slug: named }).sort());
    })
    .sort();
}
