import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test, vi } from "vitest";
import { EcsPushPool } from "../../../components/aws";
import { ContainerInstancePushPool } from "../../../components/azure";
import { CloudRunPushPool } from "../../../components/gcp";
import { Connection, register } from "../../../components/prefect";
import { mockPulumi } from "../mocks";

// Prefect Cloud can submit runs only with a key: who registers a pool without one learns that at once, not from a run.

const federation = { github: { repository: "acme/etl", branch: "main" } };
type Pool = CloudRunPushPool | EcsPushPool | ContainerInstancePushPool;

const CLOUDS: [cloud: string, pool: (more: { credentials?: "federated" | "ambient"; federation?: typeof federation }) => Pool][] = [
  ["Google Cloud", (more) => new CloudRunPushPool("etl", { project: "acme-data", region: "europe-west1", ...more })],
  ["AWS", (more) => new EcsPushPool("etl", { region: "eu-west-1", ...more })],
  [
    "Azure",
    (more) =>
      new ContainerInstancePushPool("etl", { subscriptionId: "22222222-2222-4222-8222-222222222222", location: "westeurope", ...more }),
  ],
];

beforeEach(() => {
  mockPulumi();
});

test.each(CLOUDS)("registering a pool of %s without a key warns that Prefect Cloud cannot submit its runs", async (_, pool) => {
  const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
  const connection = new Connection("prefect", { apiUrl: "http://127.0.0.1:4200/api" });
  for (const how of [{ credentials: "federated", federation }, { credentials: "ambient" }] as const) {
    register(connection, { pools: [pool(how)] });
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      expect.stringMatching(/^block "[a-z-]+\/etl" has no key, so Prefect Cloud cannot submit .*`pushpool serve` or `pushpool run`/),
    ]);
    warn.mockClear();
  }
  register(connection, { pools: [pool({})] });
  expect(warn).not.toHaveBeenCalled();
  await pulumi.runtime.disconnect();
});
