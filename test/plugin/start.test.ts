import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { scratch } from "../scratch";
import { protocol, startPlugin } from "./startPlugin";

const root = join(__dirname, "..", "..");

test.each([
  ["by its program", { by: "program" }],
  ["by its program, with Pulumi's flags", { by: "program", flags: ["--logtostderr", "-v=9", "--tracing", "http://127.0.0.1:9/spans"] }],
  ["by the SDK's run-plugin", { by: "runPlugin" }],
] as const)("started %s, the provider constructs a component", async (_, { by, ...rest }) => {
  const plugin = await startPlugin({ by, ...("flags" in rest ? { flags: [...rest.flags] } : {}) });
  try {
    const { error, urn } = await plugin.construct({ type: "pushpool:index:ProcessPushPool", name: "local", inputs: {} });
    expect(error).toBeUndefined();
    expect(urn).toBe("urn:pulumi:dev::proj::pushpool:index:ProcessPushPool::local");
  } finally {
    await plugin.stop();
  }
});

test("the provider keeps its compiled code, though its engine kills it: after a component, and when it is cancelled", async () => {
  const cache = scratch();
  const folder = join(cache, "pushpool", "code");
  const kept = () => (readdirSync(folder, { recursive: true }) as string[]).find((file) => file.endsWith("/lib/provider"));
  const once = async (then: (plugin: Awaited<ReturnType<typeof startPlugin>>) => Promise<unknown>) => {
    const plugin = await startPlugin({ env: { XDG_CACHE_HOME: cache } });
    try {
      await then(plugin);
    } finally {
      await plugin.stop();
    }
  };
  await once((plugin) => plugin.call("cancel", new protocol.empty.Empty()));
  const file = join(folder, kept() ?? "");
  expect(readFileSync(file, "latin1")).toContain("lib/plugin/serve.js");
  expect(readFileSync(file, "latin1")).not.toContain("lib/plugin/construct.js");
  const construct = (plugin: Awaited<ReturnType<typeof startPlugin>>) =>
    plugin.construct({ type: "pushpool:index:ProcessPushPool", name: "local", inputs: {} });
  await once(async (plugin) => {
    await construct(plugin);
    await expect.poll(() => readFileSync(file, "latin1").includes("lib/plugin/construct.js")).toBe(true);
  });
  const { mtimeMs } = statSync(file);
  await once(async (plugin) => {
    expect(await construct(plugin)).toMatchObject({ urn: "urn:pulumi:dev::proj::pushpool:index:ProcessPushPool::local" });
    await plugin.call("cancel", new protocol.empty.Empty());
  });
  expect(statSync(file).mtimeMs).toBe(mtimeMs);
});

test("the provider starts without Pulumi's SDK, the compiler and the clouds", () => {
  // Of the SDK, only the messages of the protocol.
  const program = `require("./lib/plugin/serve.js");
    const files = Object.keys(require.cache).map((file) => file.split("/node_modules/").at(-1));
    console.log(JSON.stringify(files.filter((file) => /^(@pulumi\\/(?!pulumi\\/proto\\/)|typescript\\/|ts-node\\/)/.test(file))));
    console.log(files.some((file) => file.startsWith("@pulumi/pulumi/proto/")));`;
  const [loaded, hasProtocol] = execFileSync(process.execPath, ["-e", program], { cwd: root, encoding: "utf8" }).trim().split("\n");
  expect(JSON.parse(loaded ?? "")).toEqual([]);
  expect(hasProtocol).toBe("true");
});
