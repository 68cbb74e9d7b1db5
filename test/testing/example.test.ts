import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { OfflineEngine, type StandInProvider } from "../../src/testing";

// Each test runs several updates, and the machine may be loaded.
vi.setConfig({ testTimeout: 240_000 });

// The example of docs/testing.md, as a user would write it with vitest: a project, a stand-in for its provider, and what is expected of
// both.

const acme: StandInProvider = {
  resources: {
    "acme:index:Bucket": {
      replaceOn: ["region"],
      computed: ["url"],
      check: ({ region }) => (region === "moon" ? { region: "there is no such region" } : undefined),
      create: ({ region }, { name }) => ({ id: `${name}-in-${region}`, outputs: { url: `https://${name}.${region}.test` } }),
    },
  },
};

function infra(config: Record<string, string>) {
  const engine = new OfflineEngine({ projectDir: join(__dirname, "infra"), providers: { acme }, config });
  onTestFinished(() => engine.close());
  return engine;
}

test("the site's bucket keeps its key secret, and knows where its logs go", async () => {
  const engine = infra({ region: "eu" });
  const plan = await engine.preview();
  expect(plan.diff).toBe("+ acme:index:Bucket logs\n+ acme:index:Bucket site");
  expect(await engine.resources()).toEqual([]);

  const { changes, outputs } = await engine.up();
  expect(changes).toEqual({ create: 3 });
  expect(outputs).toEqual({ url: "https://site.eu.test" });
  expect(await engine.resource("site")).toMatchObject({
    id: "site-in-eu",
    inputs: { logsTo: "https://logs.eu.test", key: "[secret]" },
    outputs: { key: "[secret]" },
    dependencies: [(await engine.resource("logs")).urn],
  });
  expect((await engine.up()).unchanged).toBe(true);
});

test("a protected resource is not destroyed; a refused operation does not begin", async () => {
  const engine = infra({ region: "eu" });
  await engine.up();
  await expect(engine.destroy()).rejects.toThrow(/"logs"|logs" cannot be deleted because it is protected/);
  expect((await engine.resources()).map(({ name }) => name)).toEqual(["logs"]);
  await expect(infra({ region: "moon" }).up()).rejects.toThrow(/property region value \{moon\} has a problem: there is no such region/);
});

test("a program of the test itself; a provider that fails on request", async () => {
  const pulumi = await import("@pulumi/pulumi");
  class Bucket extends pulumi.CustomResource {}
  let size = 1;
  let broken = false;
  const engine = new OfflineEngine({
    program: async () => {
      const bucket = new Bucket("acme:index:Bucket", "b", { region: "eu", size });
      return { id: bucket.id };
    },
    providers: { acme },
    intercept: (call, proceed) => {
      if (broken && call.method === "update") throw new Error("throttled");
      return proceed();
    },
  });
  onTestFinished(() => engine.close());
  expect((await engine.up()).outputs).toEqual({ id: "b-in-eu" });
  size = 2;
  broken = true;
  await expect(engine.up()).rejects.toThrow(/^throttled$/);
  broken = false;
  const { diff, changes } = await engine.up();
  expect([diff, changes]).toEqual(["~ acme:index:Bucket b\n    ~ size: 1 => 2", { same: 1, update: 1 }]);
});
