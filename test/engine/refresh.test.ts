import * as pulumi from "@pulumi/pulumi";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { OfflineEngine } from "../../src/testing";

/** A stack with one server of size 1, which is resized outside Pulumi. `asked` holds the requests to its provider's Diff. */
function resized(ignoreChanges: string[]) {
  let size = 1;
  const asked: JsonObject[] = [];
  const engine = new OfflineEngine({
    program: async () => {
      new (class extends pulumi.CustomResource {})("acme:index:Server", "s", { size: 1, zone: "a" }, { ignoreChanges });
      return {};
    },
    providers: {
      acme: {
        resources: { "acme:index:Server": { create: () => ({ id: "1" }), read: (id) => ({ id, outputs: { size, zone: "a" } }) } },
      },
    },
    intercept: (call, proceed) => {
      if (call.method === "diff") asked.push(call.request);
      return proceed();
    },
  });
  onTestFinished(() => engine.close());
  const resize = () => {
    size = 7;
    asked.length = 0;
  };
  return { engine, asked, resize };
}

// Pulumi's RefreshStep.Apply passes the ignoreChanges of the state (pkg/resource/deploy/step.go).
test("refresh passes the resource's ignoreChanges to the provider's Diff", async () => {
  const { engine, asked, resize } = resized(["size"]);
  await engine.up();
  resize();
  const { changes } = await engine.refresh();
  expect(asked).toEqual([expect.objectContaining({ ignorechanges: ["size"], news: { size: 1, zone: "a" } })]);
  // The state matches the real resource, whatever is ignored.
  expect(changes).toMatchObject({ update: 1 });
  expect((await engine.resource("s")).outputs).toMatchObject({ size: 7 });
});

test("`up --refresh` passes them too, and changes nothing that is ignored", async () => {
  const { engine, asked, resize } = resized(["size"]);
  await engine.up();
  resize();
  const { changes } = await engine.up({ refresh: true });
  expect(asked.length).toBeGreaterThan(0);
  for (const request of asked) expect(request).toMatchObject({ ignorechanges: ["size"] });
  expect(changes.update).toBeUndefined();
});

test("without ignoreChanges none are passed", async () => {
  const { engine, asked, resize } = resized([]);
  await engine.up();
  resize();
  await engine.refresh();
  expect(asked).toEqual([expect.not.objectContaining({ ignorechanges: expect.anything() })]);
});
