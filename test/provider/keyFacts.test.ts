import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { STATE_FILE_VARIABLE } from "../../src/engine/state";
import { readKeyFacts } from "../../src/provider/keyFacts";
import { scratch } from "../scratch";

const URN = "urn:pulumi:dev::pushpool::";
const TYPE = "aws:iam/accessKey:AccessKey";

/** A key of a pool, as the state has it. */
const keyOf = (pool: string, id: string) => ({
  urn: `${URN}pushpool:index:EcsPushPool$${TYPE}::${pool}-push-key`,
  type: TYPE,
  id,
  custom: true,
  parent: `${URN}pushpool:index:EcsPushPool::${pool}`,
  inputs: {},
  outputs: { createDate: "2026-01-01T00:00:00Z", secret: "s", user: "ci" },
});

test("two pools share a user: each has its own keys, and knows those of the other", async () => {
  const folder = scratch();
  const file = join(folder, "dev.json");
  const resources = [keyOf("etl", "K1"), keyOf("web", "B1")];
  writeFileSync(file, JSON.stringify({ version: 3, deployment: { manifest: { time: "", magic: "", version: "" }, resources } }));
  vi.stubEnv(STATE_FILE_VARIABLE, file);
  vi.stubEnv("PUSHPOOL_HOME", join(folder, ".pushpool"));
  const facts = await readKeyFacts({
    // The project of this folder.
    project: "pushpool",
    stack: "dev",
    organization: "",
    workPoolName: "etl",
    blockKey: "aws-credentials/etl",
    type: TYPE,
    name: "etl-push-key",
    proof: "etl-push-proof",
    parents: [`${URN}pushpool:index:EcsPushPool::etl`],
    fields: { createdAt: "createDate", secret: "secret", owner: "user" },
    clock: "http://127.0.0.1:1/",
  });
  vi.unstubAllEnvs();
  expect(facts).toMatchObject({ keys: [{ keyId: "K1", generation: 1 }], othersKeys: ["B1"], owner: "ci" });
});
