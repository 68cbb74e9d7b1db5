import { expect, test } from "vitest";
import type { Target } from "../../../src/targets/target";
import { until } from "../../until";
import { ended, jobOf, never, openerOf, place, poolOf, QUICK, ran, submit } from "./place";

const DEV = { project: "data", stack: "dev" };
const PROD = { project: "data", stack: "prod" };
const LONG_AGO = "2020-01-01T00:00:00.000000Z";

async function two() {
  const here = await place();
  const template = {
    job_configuration: { region: "europe-west1" },
    variables: { properties: { service_account_name: { default: here.google.runtimeAccount } } },
  };
  /** A target with its own home. */
  const from = (source: typeof DEV) => openerOf(poolOf(here.google, here.key, { source, baseJobTemplate: template }), QUICK).open();
  const job = (image: string, seconds = 0) =>
    jobOf(here.google, "sleep $SECONDS", { env: { SECONDS: String(seconds) }, container: { image } });
  const { world } = here.google;
  const jobs = (stack: string) => [...world.jobs.values()].filter(({ labels }) => labels?.["pushpool-stack"]?.startsWith(`data-${stack}-`));
  const run = async (target: Target, image: string, over = {}) => ended(target, await submit(target, { ...job(image), ...over }));
  /** Make everything look as if it was created and used long ago. */
  const age = () => {
    for (const each of world.jobs.values()) {
      each.createTime = LONG_AGO;
      if (each.latestCreatedExecution.name !== undefined) {
        each.latestCreatedExecution.createTime = LONG_AGO;
        if (each.latestCreatedExecution.completionTime !== undefined) each.latestCreatedExecution.completionTime = LONG_AGO;
      }
    }
  };
  return { ...here, world, from, job, run, jobs, age };
}

test("tidying removes Jobs that no run has used for a week, but none in use, of another stack, or created by hand", async () => {
  const { google, world, from, job, run, jobs, age } = await two();
  const dev = await from(DEV);
  for (const image of ["a", "b"]) await run(dev, image);
  // Its latest execution has ended, but an earlier one continues.
  const goesOn = await submit(dev, job("c", 60));
  await run(dev, "c");
  const prod = await from(PROD);
  await run(prod, "a");
  const [first] = jobs("dev");
  if (!first) throw new Error("there is no Job");
  const byHand = { ...structuredClone(first), name: `${first.name}-by-hand`, labels: { team: "data" } };
  world.jobs.set(byHand.name, byHand);
  expect(await dev.tidy?.(never)).toBe(false);
  expect(jobs("dev")).toHaveLength(3);

  age();
  await run(dev, "b");
  const before = google.calls.length;
  expect(await (await from(DEV)).tidy?.(never)).toBe(false);
  expect(google.calls.length - before).toBeLessThan(8);
  const left = jobs("dev").map(({ template }) => template.template.containers[0]?.image);
  expect(left).toEqual(["b", "c"]);
  expect([world.executions.has(goesOn), jobs("prod").length, world.jobs.has(byHand.name)]).toEqual([true, 1, true]);
  // A process that still relies on it creates it again.
  await run(dev, "a");
  expect(jobs("dev")).toHaveLength(3);
});

test("removing the stack's leftovers removes all its Jobs, also those of pushpool 0.1.0 by service account; one in use stays, with a message", async () => {
  const { google, world, from, job, run, jobs } = await two();
  const dev = await from(DEV);
  for (const image of ["a", "b"]) await run(dev, image);
  await run(dev, "a", { region: "us-central1" });
  const busy = await submit(dev, job("c", 60));
  await run(await from(PROD), "a");
  const [first] = jobs("dev");
  if (!first) throw new Error("there is no Job");
  const { "pushpool-stack": _, ...labels } = first.labels ?? {};
  for (const [name, serviceAccount] of [
    ["old", google.runtimeAccount],
    ["others", "other@acme.iam.gserviceaccount.com"],
  ] as const) {
    const old = { ...structuredClone(first), name: first.name.replace(/[^/]+$/, name), labels, latestCreatedExecution: {} };
    old.template.template.serviceAccount = serviceAccount;
    world.jobs.set(old.name, old);
  }
  const { removed, kept } = (await dev.removeLeftovers?.({ jobVariables: [], signal: never })) ?? {};
  expect(removed).toEqual({ "Cloud Run Jobs": 4 });
  expect(kept).toEqual([
    expect.stringMatching(/^Job pp-hello-prod-\S+ stays, because one of its executions is still running: .*gcloud run jobs delete pp-/),
  ]);
  expect([world.executions.has(busy), jobs("dev").length, jobs("prod").length]).toEqual([true, 1, 1]);
  expect([...world.jobs.keys()].filter((name) => /\/(old|others)$/.test(name)).map((name) => name.split("/").pop())).toEqual(["others"]);
  expect(ran(google, "run.jobs.delete")).toBe(4);
});

test("a Job that changes during the look stays", async () => {
  const { google, from, run, jobs, age } = await two();
  const dev = await from(DEV);
  await run(dev, "a");
  age();
  const [only] = jobs("dev");
  if (!only) throw new Error("there is no Job");
  google.plant({ on: "run.executions.list", fault: { kind: "delay", ms: 300 } });
  const before = ran(google, "run.executions.list");
  const tidied = dev.tidy?.(never);
  // The target has read the Job, and asks for its executions.
  await until(() => ran(google, "run.executions.list") > before);
  only.etag = '"changed"';
  await tidied;
  expect(jobs("dev")).toHaveLength(1);
});
