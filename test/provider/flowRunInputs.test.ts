import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { pointerTo } from "../../src/jsonPointer";
import { type FlowRunInputs, idempotencyKey, toManifestAndRequest } from "../../src/provider/flowRunInputs";
import { compareWithState, outsOf, storedInputs } from "../../src/provider/flowRunState";
import { hideSecrets, secretStrings } from "../../src/provider/hideSecrets";
import { Secret } from "../../src/secret";
import { defaultTemplate } from "../../src/template";

function inputs(over: Partial<FlowRunInputs> = {}): FlowRunInputs {
  return {
    source: { project: "data", stack: "dev", name: "smoke" },
    pool: { name: "local", pool: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") as JsonObject }, blocks: {} },
    deployment: {
      name: "hello/prod",
      deployment: { command: "true", workPool: { name: "local", jobVariables: { env: { A: "1", B: "2" }, name: "n" } } },
    },
    secretPaths: [],
    ...over,
  };
}

describe("the manifest and request of a run", () => {
  test("have one pool and one deployment", () => {
    const { manifest, request, stack, origin } = toManifestAndRequest(
      inputs({ parameters: { a: 1 }, jobVariables: { name: "m" }, tags: ["t"] }),
    );
    expect([stack, origin, Object.keys(manifest.pools)]).toEqual(["data/dev", 'FlowRun "smoke"', ["local"]]);
    expect(request).toEqual({ deployment: "hello/prod", parameters: { a: 1 }, jobVariables: { name: "m" }, tags: ["t"] });
  });

  test.each<[string, JsonObject, string[], JsonObject | undefined, JsonObject]>([
    [
      "a secret in env",
      { env: { B: "x", C: "s" }, name: "m" },
      ["/jobVariables/env/C"],
      { name: "m" },
      { env: { A: "1", B: "x", C: "[secret]" }, name: "n" },
    ],
    [
      "env as a whole",
      { env: { C: "s", D: "s" } },
      ["/jobVariables/env"],
      undefined,
      { env: { A: "1", B: "2", C: "[secret]", D: "[secret]" }, name: "n" },
    ],
    [
      "another job variable as a whole",
      { labels: { x: "s" } },
      ["/jobVariables/labels"],
      undefined,
      { env: { A: "1", B: "2" }, name: "n", labels: "[secret]" },
    ],
    [
      "secrets in all of them",
      { name: "s", env: { C: "s" } },
      ["/jobVariables"],
      undefined,
      { env: { A: "1", B: "2", C: "[secret]" }, name: "[secret]" },
    ],
    ["no secrets", { env: { C: "o" } }, [], { env: { C: "o" } }, { env: { A: "1", B: "2" }, name: "n" }],
  ])("job variables with %s: secret ones move to the deployment", (_, jobVariables, secretPaths, open, merged) => {
    const { manifest, request } = toManifestAndRequest(inputs({ jobVariables, secretPaths }));
    expect(request.jobVariables).toEqual(open);
    expect(JSON.parse(JSON.stringify(manifest.deployments["hello/prod"]?.workPool.jobVariables))).toEqual(merged);
  });

  test("secrets of pool, blocks, deployment and variables are wrapped at the same places as in the stack's manifest", () => {
    const { manifest } = toManifestAndRequest(
      inputs({
        pool: {
          name: "local",
          pool: { type: "process:push", baseJobTemplate: defaultTemplate("process:push") as JsonObject },
          blocks: { "secret/db": { data: { value: "s" } } },
        },
        blocks: { "string/x": { data: { value: "s", open: "o" } } },
        variables: { token: "s" },
        secretPaths: ["/blocks/string~1x/data/value", "/variables/token", "/deployment/deployment/workPool/jobVariables/env/A"],
      }),
    );
    const ofDeployment = manifest.deployments["hello/prod"]?.workPool.jobVariables as unknown as { env: { A: Secret } };
    const secrets = [
      manifest.blocks["secret/db"]?.data.value,
      manifest.blocks["string/x"]?.data.value,
      manifest.variables.token,
      ofDeployment.env.A,
    ] as Secret[];
    expect(secrets.map((secret) => secret.pointers)).toEqual([
      ["/blocks/secret~1db/data/value"],
      ["/blocks/string~1x/data/value"],
      ["/variables/token"],
      ["/deployments/hello~1prod/workPool/jobVariables/env/A"],
    ]);
    expect(manifest.blocks["string/x"]?.data.open).toBe("o");
  });
});

describe("the idempotency key", () => {
  const key = (over: Partial<FlowRunInputs>, digestKey = "k") => idempotencyKey(inputs(over), () => Buffer.from(digestKey));

  test("depends on project, stack, name and request, but not on the order of keys", async () => {
    expect(await key({})).toMatch(/^data\/dev\/smoke\/[0-9a-f]{64}$/);
    expect(await key({ parameters: { a: 1, b: 2 } })).toBe(await key({ parameters: { b: 2, a: 1 } }));
    expect(await key({ parameters: {}, triggers: [] })).toBe(await key({}));
    const others = await Promise.all([
      key({ parameters: { a: 1 } }),
      key({ jobVariables: { a: 1 } }),
      key({ triggers: [1] }),
      key({ triggers: [2] }),
      key({ overridePool: true }),
      key({ overridePool: true, pool: { ...inputs().pool, name: "other" } }),
      key({ source: { project: "data", stack: "prod", name: "smoke" } }),
      key({ source: { project: "data", stack: "dev", name: "other" } }),
      key({ source: { project: "data", stack: "dev", name: "smoke", parent: "urn:pulumi:dev::data::my:index:Box::a" } }),
      key({}),
    ]);
    expect(new Set(others).size).toBe(others.length);
    expect(await key({ tags: ["x"], timeout: "1m", wait: false, overridePool: false })).toBe(await key({}));
  });

  test("reveals nothing of a secret without the ledger's key", async () => {
    const secret = { triggers: ["s"], secretPaths: ["/triggers/0"] };
    expect(await key(secret)).not.toBe(await key({ triggers: ["s"] }));
    expect(await key(secret, "k2")).not.toBe(await key(secret));
    expect(await key({ ...secret, triggers: ["t"] })).not.toBe(await key(secret));
    expect(await key({ triggers: ["s"] }, "k2")).toBe(await key({ triggers: ["s"] }));
  });
});

describe("the state of a FlowRun", () => {
  const ran = { runId: "id", state: "COMPLETED", exitCode: 0, startedAt: undefined, endedAt: undefined, attempt: 1 };
  const SECRET = "hunter2";
  /** Random trees. */
  const tree = fc
    .dictionary(
      fc.constantFrom("a", "b/c", "d~e", "0"),
      fc.jsonValue().filter((value) => !JSON.stringify(value).includes(SECRET)),
    )
    .map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
  const pointersOf = (value: Json, path: string[]): string[] =>
    value === null || typeof value !== "object"
      ? [pointerTo(path)]
      : [pointerTo(path), ...Object.entries(value).flatMap(([key, inner]) => pointersOf(inner, [...path, key]))];

  test("returns the original inputs, and contains secrets only in `secrets`", () => {
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.boolean()), (jobVariables, coins) => {
        const planted = { ...jobVariables, planted: { deep: [SECRET] } };
        const all = [...pointersOf(planted, ["jobVariables"]).filter(() => coins.next().value), "/jobVariables/planted/deep/0"];
        const made = inputs({ jobVariables: planted, secretPaths: all });
        const { secrets, ...open } = JSON.parse(JSON.stringify(outsOf(made, ran)));
        expect(JSON.stringify(open)).not.toContain(SECRET);
        expect(storedInputs({ ...open, secrets })).toEqual(made);
      }),
    );
  });

  test("does not differ for its own inputs, nor for absent inputs instead of empty ones", () => {
    const outs = JSON.parse(JSON.stringify(outsOf(inputs(), ran)));
    const difference = (over: object) => compareWithState(outs, { ...inputs(), ...over } as unknown as JsonObject);
    expect(difference({})).toEqual({ changes: false, replaces: [] });
    expect(difference({ __provider: "another text" })).toEqual({ changes: false, replaces: [] });
    expect(difference({ parameters: {}, triggers: [] })).toEqual({ changes: false, replaces: [] });
    expect(difference({ deployment: { ...inputs().deployment, name: "hello/other" } }).replaces).toEqual(["deployment"]);
    const other = { pool: { ...inputs().pool, name: "other" } };
    expect(difference(other)).toEqual({ changes: true, replaces: [] });
    expect(difference({ overridePool: false })).toEqual({ changes: true, replaces: [] });
    expect(difference({ ...other, overridePool: true }).replaces).toEqual(["pool"]);
    expect(compareWithState({ ...outs, state: "RUNNING" }, inputs() as unknown as JsonObject).changes).toBe(true);
    expect(
      compareWithState({ ...outs, state: "RUNNING", wait: false }, { ...inputs(), wait: false } as unknown as JsonObject).changes,
    ).toBe(false);
  });
});

test("secrets in a line are masked, the longest first; very short ones stay", () => {
  const tree = {
    a: new Secret([], "hunter2"),
    b: [new Secret([], { deep: ["hunter2-more", 5] })],
    c: new Secret([{ pointer: "/x" }]),
    d: new Secret([], "no"),
  };
  expect(secretStrings(tree)).toEqual(["hunter2", "hunter2-more", "no"]);
  expect(hideSecrets(["no hunter2-more, hunter2hunter2"], secretStrings(tree))).toEqual(["no [secret], [secret][secret]"]);
  // Secrets of several lines, escaped ones, and the password of a URL.
  const secrets = ["-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----", 'pa"ss word', "amqp://u:s3cr3t@mq"];
  const lines = ["key:", "MIIEvQIBADAN", JSON.stringify('pa"ss word'), "login s3cr3t refused"];
  expect(hideSecrets(lines, secrets)).toEqual(["key:", "[secret]", '"[secret]"', "login [secret] refused"]);
});
