import * as pulumi from "@pulumi/pulumi";
import { expect, onTestFinished, test, vi } from "vitest";
import type { JsonObject } from "../../../src/json";
import { OfflineEngine, type StandInProvider, serveProvider } from "../../../src/testing";

// Each test runs several updates, and the machine may be loaded.
vi.setConfig({ testTimeout: 240_000 });

class Disk extends pulumi.CustomResource {
  declare readonly size: pulumi.Output<number>;
  declare readonly serial: pulumi.Output<string>;
  constructor(name: string, args: pulumi.Inputs, opts?: pulumi.CustomResourceOptions) {
    super("acme:index:Disk", name, { name: undefined, serial: undefined, ...args }, opts);
  }
}
class Tape extends pulumi.CustomResource {
  constructor(name: string) {
    super("acme:index:Tape", name, {});
  }
}

/** A cloud with disks, and a provider for it. */
function cloudOfDisks() {
  const disks = new Map<string, JsonObject>();
  const acme: StandInProvider = {
    resources: {
      "acme:index:Disk": {
        replaceOn: ["zone"],
        computed: ["serial"],
        autoName: { input: "name", longest: 12 },
        defaults: { zone: "a" },
        check: ({ size }) => (size === 0 ? { size: "there is no such disk" } : undefined),
        create: (inputs) => {
          const id = `${inputs.zone}/${inputs.name}`;
          disks.set(id, inputs);
          return { id, outputs: { serial: `n${disks.size}` } };
        },
        read: (id) => {
          const found = disks.get(id);
          return found && { id, outputs: found };
        },
        update: (id, inputs) => {
          disks.set(id, inputs);
          return { serial: "changed" };
        },
        delete: (id) => {
          disks.delete(id);
        },
      },
      "acme:index:Note": { create: (_, { name }) => ({ id: name }) },
    },
    functions: { "acme:index:price": async ({ size }) => ({ cents: Number(size) * 3 }) },
  };
  return { disks, acme };
}

function engineFor(acme: StandInProvider | number, program: () => JsonObject | Promise<pulumi.Inputs>) {
  const engine = new OfflineEngine({ program: async () => program(), providers: { acme } });
  onTestFinished(() => engine.close());
  return engine;
}

test("a resource's life: created, unchanged, changed, replaced, drifted, deleted", async () => {
  const { disks, acme } = cloudOfDisks();
  let args: pulumi.Inputs = { size: 1 };
  const engine = engineFor(acme, async () => {
    const disk = new Disk("data", args);
    return { serial: disk.serial, double: disk.size.apply((size) => size * 2) };
  });
  expect([(await engine.preview()).diff, disks.size]).toEqual(["+ acme:index:Disk data", 0]);
  expect((await engine.up()).outputs).toEqual({ serial: "n1", double: 2 });
  const [id = ""] = disks.keys();
  expect(id).toMatch(/^a\/data-[0-9a-f]{7}$/);
  expect((await engine.up()).unchanged).toBe(true);

  args = { size: 2 };
  expect((await engine.preview()).changes).toMatchObject({ update: 1 });
  expect(disks.get(id)).toMatchObject({ size: 1 });
  expect((await engine.up()).outputs).toEqual({ serial: "changed", double: 4 });
  expect(disks.get(id)).toMatchObject({ size: 2, name: id.slice(2) });

  disks.set(id, { ...disks.get(id), size: 7 });
  expect((await engine.refresh()).changes).toMatchObject({ update: 1 });
  expect((await engine.resource("data")).outputs).toMatchObject({ size: 7 });
  expect((await engine.up()).diff).toContain("size: 7 => 2");

  args = { size: 2, zone: "b" };
  await engine.up();
  expect([...disks.keys()]).toEqual([expect.stringMatching(/^b\//)]);

  disks.clear();
  expect((await engine.refresh()).changes).toMatchObject({ delete: 1 });
  expect((await engine.up()).changes).toMatchObject({ create: 1 });
  await engine.destroy();
  expect([disks.size, await engine.resources()]).toEqual([0, []]);
});

test("a resource with all defaults: it changes, it is unchanged, it is deleted", async () => {
  let text = "a";
  const engine = engineFor(cloudOfDisks().acme, async () => {
    new (class Note extends pulumi.CustomResource {})("acme:index:Note", "note", { text });
    return {};
  });
  await engine.up();
  text = "b";
  expect((await engine.up()).changes).toMatchObject({ update: 1 });
  expect((await engine.refresh()).unchanged).toBe(true);
  expect((await engine.resource("note")).outputs).toEqual({ text: "b" });
  expect(await engine.destroy()).toMatchObject({ changes: { delete: 2 } }); // The stack too.
});

test("secrets: plain for the provider, encrypted in the state", async () => {
  const { disks, acme } = cloudOfDisks();
  const engine = engineFor(acme, async () => {
    new Disk("data", { size: 1, key: pulumi.secret("canary") });
    return {};
  });
  await engine.up();
  expect([...disks.values()]).toEqual([expect.objectContaining({ key: "canary" })]);
  expect((await engine.resource("data")).outputs).toMatchObject({ key: "[secret]", size: 1 });
});

test("functions; also through a port, as with PULUMI_DEBUG_PROVIDERS", async () => {
  const served = await serveProvider(cloudOfDisks().acme);
  onTestFinished(() => served.stop());
  const engine = engineFor(served.port, async () => pulumi.runtime.invoke("acme:index:price", { size: 5 }));
  expect((await engine.up()).outputs).toEqual({ cents: 15 });
});

test.each<[string, () => pulumi.Inputs, RegExp]>([
  ["inputs that it refuses", () => ({ d: new Disk("data", { size: 0 }).id }), /size.*there is no such disk/],
  ["an unknown type", () => ({ t: new Tape("t").id }), /has no resource acme:index:Tape: it has acme:index:Disk, acme:index:Note/],
  ["an unknown function", () => pulumi.runtime.invoke("acme:index:weight", {}), /has no function acme:index:weight/],
])("refused: %s", async (_, program, expected) => {
  await expect(engineFor(cloudOfDisks().acme, async () => program()).preview()).rejects.toThrow(expected);
});
