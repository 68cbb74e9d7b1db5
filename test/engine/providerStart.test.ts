import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { type EngineOptions, up } from "../../src/engine";
import { MARK, marked, noneLeft } from "../marked";
import { project } from "./program";

// Whatever goes wrong while a provider starts: the operation ends with a message, and no process is left. The same holds for an
// interruption.

const PROGRAM = `class Thing extends pulumi.CustomResource { constructor(name) { super("acme:index:Thing", name, {}); } }
new Thing("a");`;

/** A plugin `pulumi-resource-acme` on PATH. A mark in its environment identifies the processes that it starts. */
function acme(script: string, seconds = "60") {
  const { dir, write } = project();
  write(PROGRAM);
  const bin = join(dir, "..", "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "pulumi-resource-acme"), script, { mode: 0o755 });
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    PUSHPOOL_PROVIDER_START_SECONDS: seconds,
    [MARK]: dir,
  };
  const home = join(dir, "..", "home");
  const options: EngineOptions = { projectDir: dir, stack: "dev", home, stateHome: join(home, "state"), env };
  return { dir, options };
}

const SILENT = "#!/bin/sh\nsleep 300 & wait\n";
const LISTENS = (then: string) => `#!${process.execPath}
require("node:net").createServer((socket) => { socket.on("error", () => {}); ${then} }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
`;
const GRPC = (method: string) => `#!${process.execPath}
const grpc = require(${JSON.stringify(require.resolve("@grpc/grpc-js"))});
const { ResourceProviderService } = require(${JSON.stringify(require.resolve("@pulumi/pulumi/proto/provider_grpc_pb"))});
const { Empty } = require(${JSON.stringify(require.resolve("google-protobuf/google/protobuf/empty_pb"))});
const server = new grpc.Server();
// gRPC answers every other method with UNIMPLEMENTED.
server.addService(ResourceProviderService, { ${method}() {}, cancel(_, reply) { reply(null, new Empty()); } });
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (_, port) => console.log(port));
`;

test.each<[string, string, RegExp]>([
  [
    "exits at once",
    "#!/bin/sh\necho no licence >&2; exit 3\n",
    /^the provider acme ended with exit status 3 before it could be reached\nno licence$/,
  ],
  ["is killed", "#!/bin/sh\nkill -KILL $$\n", /^the provider acme was ended by SIGKILL before it could be reached$/],
  ["cannot be executed", "#!/no/such/interpreter\n", /^the provider acme ended with exit status 12[67] before it could be reached\n/],
  ["prints no port", SILENT, /^the provider acme did not answer within 1 s \(PUSHPOOL_PROVIDER_START_SECONDS\) of its start$/],
  ["prints something else", "#!/bin/sh\necho hello; sleep 300\n", /must print its port first, but printed "hello"$/],
  ["prints an invalid port", "#!/bin/sh\necho 70000; sleep 300\n", /must print its port first, but printed "70000"$/],
  [
    "prints a port where nothing listens",
    "#!/bin/sh\necho 9; sleep 300\n",
    /^the provider acme did not answer within 1 s|Failed to connect/,
  ],
  ["prints its port and exits", "#!/bin/sh\necho 9; exit 4\n", /^the provider acme ended with exit status 4 before it could be reached$/],
  ["accepts and says nothing", LISTENS(""), /^the provider acme did not answer within 1 s|Failed to connect/],
  ["speaks no gRPC", LISTENS('socket.end("HTTP/1.1 400 Bad Request\\r\\n\\r\\n");'), /acme|connect/i],
  ["never answers Handshake", GRPC("handshake"), /^the provider acme did not answer within 1 s/],
  ["never answers GetPluginInfo", GRPC("getPluginInfo"), /^the provider acme did not answer within 1 s/],
])("a provider that %s", async (_, script, message) => {
  const { dir, options } = acme(script, "1");
  const failed = await up(options).catch((error: Error) => error);
  expect(failed).toMatchObject({ message: expect.stringMatching(message), exitCode: 5 });
  await noneLeft(dir);
});

test.each<[string, string]>([
  ["prints no port", SILENT],
  ["accepts and says nothing", LISTENS("")],
  ["never answers Handshake", GRPC("handshake")],
  ["never answers GetPluginInfo", GRPC("getPluginInfo")],
  ["never answers CheckConfig", GRPC("checkConfig")],
  ["never answers Configure", GRPC("configure")],
])("an interruption while a provider that %s starts", async (_, script) => {
  const { dir, options } = acme(script);
  const interrupted = new AbortController();
  const going = up({ ...options, signal: interrupted.signal }).catch((error: Error) => error);
  await expect.poll(() => marked(dir).some((line) => line.includes("pulumi-resource-acme"))).toBe(true);
  // Give the process time to start, so that it waits for its answer.
  await new Promise((done) => setTimeout(done, 1000));
  interrupted.abort();
  expect(await going).toMatchObject({ message: expect.stringMatching(/^interrupted: /), exitCode: 5 });
  await noneLeft(dir);
});
