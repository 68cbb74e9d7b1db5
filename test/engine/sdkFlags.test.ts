import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SDK_FLAGS } from "../../src/engine/sdkFlags";
import type { JsonObject } from "../../src/json";

// Pulumi's SDK as the offline engine starts it, against the same SDK in a plain node process.

const root = join(__dirname, "..", "..");

/** The result of a program, which calls `tell` with it. */
function run(flags: readonly string[], program: string, env: NodeJS.ProcessEnv = {}): unknown {
  const text = `const tell = (result) => process.stdout.write(JSON.stringify(result), () => process.exit());\n${program}`;
  return JSON.parse(
    execFileSync(process.execPath, [...flags, "-e", text], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
}

/** The packages among these that are loaded when the program ends. */
const LOADED = `["@npmcli/arborist", "normalize-package-data", "typescript", "@opentelemetry/sdk-trace-node", "@opentelemetry/exporter-zipkin", "@opentelemetry/api", "execa", "js-yaml", "semver", "source-map"]
  .filter((name) => Object.keys(require.cache).some((file) => file.includes("/node_modules/" + name + "/")))`;

const START = `require("@pulumi/pulumi"); require("@pulumi/pulumi/cmd/run/tracing"); require("@pulumi/pulumi/runtime/manifest"); require("source-map-support/register");`;

test("what the SDK seldom uses is not loaded at its start", () => {
  const program = `${START} tell(${LOADED});`;
  expect(run(SDK_FLAGS, program)).toEqual([]);
  // Otherwise the test would prove nothing.
  expect(run([], program)).toHaveLength(10);
});

/** The connection to the inspector, as the runner of programs awaits it. */
const HOOKS = `require("node:module").createRequire(require.resolve("@pulumi/pulumi/cmd/run"))("../../runtime/closure/v8Hooks")`;

test("the inspector listens, and V8 has another flag, from the first function that is turned into text", () => {
  const program = `const { Session } = require("node:inspector");
    const { connect } = Session.prototype;
    let sessions = 0;
    Session.prototype.connect = function () { sessions += 1; return connect.call(this); };
    const hasFlag = () => { try { return new Function("return %HaveSameMap({}, {})")(); } catch { return false; } };
    const pulumi = require("@pulumi/pulumi");
    ${HOOKS}.isInitializedAsync().then(async () => {
      const before = [sessions, hasFlag()];
      await pulumi.runtime.serializeFunction(() => before);
      await pulumi.runtime.serializeFunction(() => before.length);
      tell([...before, sessions, hasFlag()]);
    });`;
  expect(run(SDK_FLAGS, program)).toEqual([0, false, 1, true]);
  expect(run([], program)).toEqual([1, true, 1, true]);
});

test.each([
  [
    "a function is turned into text",
    `const pulumi = require("@pulumi/pulumi");
     class Base { speak() { return "base"; } }
     class One extends Base { constructor() { super(); this.words = [1, "two"]; } speak() { return super.speak() + this.words; } }
     const one = new One();
     pulumi.runtime.serializeFunction(async (event) => one.speak() + event).then(({ text }) => tell(text));`,
  ],
  [
    "a function that cannot be turned into text is shown with its file and line",
    `const pulumi = require("@pulumi/pulumi");
     ${HOOKS}.isInitializedAsync().then(async () => {
       const code = "(() => { const native = [].map.bind([]); const inner = () => native(1); return () => inner(); })()";
       const script = new (require("node:vm").Script)(code, { filename: "/flows/mine.js" });
       pulumi.runtime.serializeFunction(script.runInThisContext()).catch(({ message }) => tell(message));
     });`,
  ],
  [
    "the packages of a function are found",
    `const pulumi = require("@pulumi/pulumi");
     pulumi.runtime.computeCodePaths({ extraExcludePackages: ["typescript"] }).then((paths) => tell([...paths.keys()].sort()));`,
  ],
  [
    "tracing begins, with the SDK's own classes",
    `const tracing = require("@pulumi/pulumi/cmd/run/tracing");
     tracing.start("http://127.0.0.1:9/spans");
     const span = tracing.newSpan("one");
     tell([span.constructor.name, span.name, span.resource.attributes["service.name"], span.isRecording()]);`,
  ],
  [
    "a request carries a trace once somebody has registered what makes it",
    `const { grpcClientOptions } = require("@pulumi/pulumi/runtime/settings");
     const { newSpan } = require("@pulumi/pulumi/cmd/run/tracing");
     const { propagation, trace } = require("@opentelemetry/api");
     const { Metadata } = require("@grpc/grpc-js");
     const sent = () => {
       const metadata = new Metadata();
       const [interceptor] = grpcClientOptions.interceptors;
       interceptor({}, () => ({ start: () => {}, sendMessage: () => {}, halfClose: () => {} })).start(metadata, {});
       return metadata.getMap();
     };
     const before = sent();
     newSpan("of nobody").end();
     propagation.setGlobalPropagator({ inject: (_, carrier) => carrier.set("traceparent", "00-of-this-test"), extract: (context) => context, fields: () => [] });
     trace.setGlobalTracerProvider({ getTracer: () => ({ startSpan: (name) => ({ name }) }) });
     tell([before, sent(), newSpan("of this test").name]);`,
  ],
  [
    "a stack trace names the lines of the source",
    `const { mkdtempSync, writeFileSync, rmSync } = require("node:fs");
     require("@pulumi/pulumi");
     require("source-map-support/register");
     const folder = mkdtempSync(require("node:path").join(require("node:os").tmpdir(), "pushpool-traces-"));
     const map = Buffer.from(JSON.stringify({ version: 3, sources: ["written.ts"], names: [], mappings: "AAEA" })).toString("base64");
     writeFileSync(folder + "/made.js", 'exports.trace = () => new Error("one").stack;\\n//# sourceMappingURL=data:application/json;base64,' + map);
     const [, line] = require(folder + "/made.js").trace().split("\\n");
     rmSync(folder, { recursive: true });
     tell(line.replace(folder, "the folder of the program"));`,
  ],
  [
    "a program uses the automation API",
    `const { automation } = require("@pulumi/pulumi");
     const { LocalWorkspace, StackNotFoundError } = automation;
     const error = new StackNotFoundError({ toString: () => "none" });
     tell([
       "LocalWorkspace" in automation,
       error instanceof automation.CommandError,
       LocalWorkspace === require("@pulumi/pulumi/automation").LocalWorkspace,
       automation.fullyQualifiedStackName("me", "shop", "dev"),
       Object.keys(automation),
     ]);`,
  ],
  [
    "a program has a package.yaml",
    `const { mkdtempSync, writeFileSync, rmSync } = require("node:fs");
     const folder = mkdtempSync(require("node:path").join(require("node:os").tmpdir(), "pushpool-manifest-"));
     writeFileSync(folder + "/package.yaml", "name: shop\\nmain: program.js\\n");
     const found = require("@pulumi/pulumi/runtime/manifest").readPackageManifest(folder);
     rmSync(folder, { recursive: true });
     tell(found.data);`,
  ],
  [
    "a program that imports one of the modules gets the module itself",
    `tell([
       Object.keys(require("typescript")).length,
       Object.keys(require("@npmcli/arborist")),
       typeof require("normalize-package-data"),
       require("@opentelemetry/resources").defaultResource.name,
     ]);`,
  ],
])("%s, as without the flags", (_, program) => {
  const result = run(SDK_FLAGS, program);
  expect(result).toEqual(run([], program));
  expect(JSON.stringify(result).length).toBeGreaterThan(20);
});

/** A program with a resource, and the traces that the SDK makes of it. */
const TRACED = `
  const pulumi = require("@pulumi/pulumi");
  const { debuggablePromise } = require("@pulumi/pulumi/runtime/debuggable");
  pulumi.runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: ({ inputs }) => inputs });
  const promise = Promise.resolve(1);
  debuggablePromise(promise, "one");
  const mine = () => new Error("mine").stack.split("\\n").slice(0, 3);
  const result = { promise: /\\bat .*:\\d+:\\d+/.test(promise._debugStackTrace), positions: pulumi.Resource.stackTrace(0).length > 0, error: mine() };
  new pulumi.CustomResource("a:b:C", "c", {}).urn.apply((urn) => tell({ ...result, urn }));`;

test("errors have their traces, and promises too if PULUMI_DEBUG_PROMISE_LEAKS is set", () => {
  const plain = run([], TRACED);
  expect(plain).toEqual({
    promise: true,
    positions: true,
    error: ["Error: mine", expect.stringMatching(/at mine .*:\d+:\d+/), expect.stringMatching(/:\d+:\d+/)],
    urn: expect.stringContaining("a:b:C::c"),
  });
  expect(run(SDK_FLAGS, TRACED)).toEqual({ ...(plain as JsonObject), promise: false, positions: false });
  expect(run(SDK_FLAGS, TRACED, { PULUMI_DEBUG_PROMISE_LEAKS: "true" })).toEqual({ ...(plain as JsonObject), positions: false });
});

test("debug messages are not sent to the engine, and others are", () => {
  const program = `const sent = [];
    require("@pulumi/pulumi/runtime/settings").getEngine = () => ({ log: (request, done) => { sent.push(request.getMessage()); done(null); } });
    const { log } = require("@pulumi/pulumi");
    log.debug("to nobody").then(() => log.info("to the user")).then(() => tell(sent));`;
  expect(run(SDK_FLAGS, program)).toEqual(["to the user"]);
  expect(run([], program)).toEqual(["to nobody", "to the user"]);
});
