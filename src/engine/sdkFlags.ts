/**
 * The young generation of the heap begins with 16 MB instead of 1 MB. Loading Pulumi's SDK fills 1 MB several times, and each collection
 * copies objects that stay anyway. That takes a sixth of the processor time of a short program.
 */
const ROOM_TO_LOAD = "--min-semi-space-size=16";

/**
 * Modules that Pulumi's SDK loads at its start but seldom uses. The keys are the files of the SDK that load them. `runtime/closure` uses
 * npm's package tree, its package.json reader and the TypeScript compiler, to turn functions into text. `cmd/run/tracing.js` uses
 * OpenTelemetry if the program gets `--tracing`. `source-map-support` reads a source map when it shows a stack trace.
 * `runtime/manifest.js` reads YAML if a program has a package.yaml. Versions are compared (semver) for TypeScript programs, for `engines`
 * in a package.json, and for the modules of a package's resources. Together they take two thirds of the SDK's loading time.
 */
const SELDOM_USED: Readonly<Record<string, readonly string[]>> = {
  "runtime/manifest.js": ["js-yaml"],
  "runtime/closure/codePaths.js": ["@npmcli/arborist", "normalize-package-data"],
  "runtime/closure/parseFunction.js": ["../../typescript-shim"],
  "runtime/closure/rewriteSuper.js": ["semver"],
  "runtime/rpc.js": ["semver"],
  "source-map-support.js": ["source-map"],
  "cmd/run/run.js": ["semver"],
  "cmd/run/tracing.js": ["resources", "sdk-trace-base", "exporter-zipkin", "instrumentation-grpc", "sdk-trace-node", "instrumentation"].map(
    (name) => `@opentelemetry/${name}`,
  ),
};

/**
 * The code that a process runs before it loads the SDK.
 *
 * It loads the seldom used modules when they are first used. Until then, the SDK gets a stand-in, which passes on every property and every
 * call. Only the SDK gets it: a program that imports one of the modules gets the module itself. The SDK copies its imports, unless they say
 * `__esModule`; then `default` has what the copy would have. `tracing.js` and `source-map-support` take functions and classes out of their
 * modules at once, so these are loaded later too.
 *
 * The SDK also asks OpenTelemetry's API for a trace in each request. The API does nothing until somebody registers a provider of traces,
 * which it then stores in a global symbol. Until then, the SDK gets a stand-in that does nothing.
 *
 * To turn functions into text, the SDK also listens to the inspector, from before the program is loaded. V8 then reports each script, which
 * takes a quarter of the processor time of a short program. Here the SDK listens from the first function on: V8 then reports all earlier
 * scripts at once. Only then does the SDK change a flag of V8 too. From a change of flags on, V8 rejects the compiled code that node brings
 * for its own modules, and what other processes have stored.
 *
 * The automation API, for programs that run other programs, takes a tenth of the rest. It is loaded when a program first reads
 * `pulumi.automation`.
 *
 * It also avoids unused stack traces, which the SDK translates with its source maps. They take a third of the processor time of a program
 * with 20 resources. One kind is of each promise; the SDK shows it with PULUMI_DEBUG_PROMISE_LEAKS. The other kind says where the program
 * declares a resource; the offline engine does not use it. Errors keep their traces.
 *
 * And it drops debug messages. The SDK sends up to six of them for a resource, each as a separate request. The resource itself needs two
 * requests. The offline engine shows none.
 */
const PRELUDE = `
import Module from "node:module";
const seldom = ${JSON.stringify(SELDOM_USED)};
const load = Module._load;
const later = (real, get) => new Proxy(function () {}, {
  get: (_, name) => get(name),
  apply: (_, self, args) => Reflect.apply(real(), self, args),
  construct: (_, args) => Reflect.construct(real(), args),
});
const idle = new Proxy(function () {}, {
  get: (_, name) => (typeof name === "symbol" || name === "then" ? undefined : idle),
  apply: () => idle,
});
const isTraced = () => Object.getOwnPropertySymbols(globalThis).some(({ description }) => description?.startsWith("opentelemetry.js.api."));
const patched = new WeakSet();
const quiet = (module) => {
  const { debuggablePromise, Resource } = module;
  if (typeof debuggablePromise === "function" && !patched.has(module) && !process.env.PULUMI_DEBUG_PROMISE_LEAKS) {
    patched.add(module);
    module.debuggablePromise = function (...args) {
      const { stackTraceLimit } = Error;
      Error.stackTraceLimit = 0;
      try {
        return debuggablePromise.apply(this, args);
      } finally {
        Error.stackTraceLimit = stackTraceLimit;
      }
    };
  }
  if (typeof module.debug === "function" && typeof module.warn === "function") module.debug = () => Promise.resolve();
  if (typeof Resource?.callsites === "function") Resource.callsites = () => [];
  return module;
};
let hooks;
const lateHooks = (original) => {
  const urls = new Map();
  let session;
  const connect = async () => {
    original();
    // In the bundle, an import() becomes require, which this code does not have.
    const { Session } = process.getBuiltinModule("node:inspector");
    const connected = new Session();
    connected.connect();
    connected.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
    await new Promise((done, fail) => connected.post("Debugger.enable", (error) => (error ? fail(error) : done())));
    return connected;
  };
  const own = {
    __esModule: true,
    isInitializedAsync: async () => {},
    getSessionAsync: () => (session ??= connect()),
    getScriptUrl: (id) => urls.get(id),
  };
  return later(original, (name) => (Object.hasOwn(own, name) ? own[name] : original()[name]));
};
Module._load = function (request, parent, ...more) {
  const [, from] = /[/](?:@pulumi[/]pulumi|source-map-support)[/](.+)$/.exec(parent?.filename ?? "") ?? [];
  const loaded = () => load.call(this, request, parent, ...more);
  if (from === undefined) return loaded();
  if (/[/](debuggable|log|resource)$/.test(request)) return quiet(loaded());
  if (request === "@opentelemetry/api") return later(loaded, (name) => (isTraced() ? loaded() : idle)[name]);
  if (request.endsWith("/v8Hooks")) return (hooks ??= lateHooks(loaded));
  if (from === "index.js" && request === "./automation") {
    Object.defineProperty(parent.exports, "automation", { enumerable: true, configurable: true, get: loaded, set: () => {} });
    return {};
  }
  if (!Object.hasOwn(seldom, from) || !seldom[from].includes(request)) return loaded();
  const property = (name) => {
    const module = loaded();
    return name === "default" && !module.__esModule ? module : module[name];
  };
  const takesParts = /tracing[.]js$|^source-map-support/.test(from);
  return later(loaded, (name) => {
    if (name === "__esModule") return true;
    return takesParts ? later(() => property(name), (inner) => property(name)[inner]) : property(name);
  });
};`;

/** The address of this code, for `import`. */
export const SDK_PRELUDE = `data:text/javascript;base64,${Buffer.from(PRELUDE).toString("base64")}`;

/**
 * Node's flags for each process that loads Pulumi's SDK: it starts in half the processor time.
 *
 * `--import` and its value are one argument. For a TypeScript program of ES modules, `cmd/run` looks for a separate argument `--import` of
 * the user, and then does not compile the program itself.
 */
export const SDK_FLAGS: readonly string[] = [ROOM_TO_LOAD, `--import=${SDK_PRELUDE}`];
