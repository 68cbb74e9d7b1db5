import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startPlugin } from "./startPlugin";

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
