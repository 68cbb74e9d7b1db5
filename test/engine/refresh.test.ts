import * as pulumi from "@pulumi/pulumi";
import { expect, onTestFinished, test } from "vitest";
import type { JsonObject } from "../../src/json";
import { OfflineEngine } from "../../src/testing";

/** A stack of one server of size 1 that somebody resizes; what its provider's Diff is asked is kept. */
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

// Pulumi's RefreshStep.Apply asks with the ignoreChanges that the state has (pkg/resource/deploy/step.go).
test("refresh asks the provider's Diff with the resource's ignoreChanges", async () => {
  const { engine, asked, resize } = resized(["size"]);
  await engine.up();
  resize();
  const { changes } = await engine.refresh();
  expect(asked).toEqual([expect.objectContaining({ ignorechanges: ["size"], news: { size: 1, zone: "a" } })]);
  // The state is what there is, whatever is ignored.
  expect(changes).toMatchObject({ update: 1 });
  expect((await engine.resource("s")).outputs).toMatchObject({ size: 7 });
});

test("`up --refresh` asks so too, and changes nothing that is ignored", async () => {
  const { engine, asked, resize } = resized(["size"]);
  await engine.up();
  resize();
  const { changes } = await engine.up({ refresh: true });
  expect(asked.length).toBeGreaterThan(0);
  for (const request of asked) expect(request).toMatchObject({ ignorechanges: ["size"] });
  expect(changes.update).toBeUndefined();
});

test("without ignoreChanges none are asked for", async () => {
  const { engine, asked, resize } = resized([]);
  await engine.up();
  resize();
  await engine.refresh();
  expect(asked).toEqual([expect.not.objectContaining({ ignorechanges: expect.anything() })]);
});
