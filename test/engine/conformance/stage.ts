import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  destroy,
  type EngineEvent,
  type EngineOptions,
  type EngineResult,
  OperationFailed,
  preview,
  refresh,
  up,
} from "../../../src/engine";
import { isReference, mapChildren, referenceInState } from "../../../src/engine/propertyWire";
import type { ProviderCall } from "../../../src/engine/providers/providerHost";
import { newSalt } from "../../../src/engine/state/passphrase";
import { StackStore } from "../../../src/engine/state/stackStore";
import type { Json, JsonObject } from "../../../src/json";
import { forcedOrders, lateAnswers } from "./differences";
import { firstLine } from "./providerHost";
import { runStepWithPulumi } from "./pulumiCli";
import { Hold, orderOf, RecordedOrder } from "./recordedOrder";
import { type RecordedEvent, type RecordedStep, type Recording, recordings, shortForms } from "./recording";

/** What the engine under test did at one step, in the short forms of the recordings. */
export interface StepResult {
  failure: string | undefined;
  changes: JsonObject;
  outputs: JsonObject;
  secrets: JsonObject;
  events: RecordedEvent[];
  calls: [string, JsonObject][];
  state: JsonObject[];
}

const modules = join(__dirname, "..", "..", "..", "node_modules");
const CALLS = ["checkConfig", "diffConfig", "configure", "check", "diff", "create", "read", "update", "delete", "invoke"];
const NOISE = [
  "name",
  "type",
  "randomseed",
  "resourceStatusAddress",
  "resourceStatusToken",
  "acceptsecrets",
  "acceptresources",
  "sendsOldInputs",
  "sendsOldInputsToDelete",
];
const NAMES: Record<string, string> = { ignorechanges: "ignoreChanges" };

/** The name of the project in a scenario with one project. Other scenarios name their projects after their folders. */
const ALONE = "conf";

/** The projects of a scenario, its stand-in provider and its resources. Steps run on it one after the other. */
export class Stage {
  readonly #recording: Recording;
  readonly #root = mkdtempSync(join(tmpdir(), "pushpool-conformance-"));
  readonly #short = shortForms();
  readonly #config = new Map<string, Json>();
  #secrets: ReturnType<typeof newSalt> | undefined;
  #attached: { process: ChildProcess; port: string } | undefined;

  /** The projects of the scenario, by folder name. */
  readonly #projects: readonly string[];

  /** @param plugin the text of the provider's plugin. @default a node process for each provider */
  constructor(recording: Recording, plugin?: string) {
    this.#recording = recording;
    this.#projects = [...new Set(recording.steps.map(({ dir = ALONE }) => dir))];
    mkdirSync(this.#bin, { recursive: true });
    for (const project of this.#projects) this.#build(project);
    writeFileSync(
      join(this.#bin, "pulumi-resource-demo"),
      plugin ?? `#!/bin/sh\nexec node "${join(this.#dir(this.#projects[0]), "demo-provider.js")}" "$@"\n`,
      { mode: 0o755 },
    );
  }

  #build(project: string): void {
    const dir = this.#dir(project);
    const { scenario } = this.#recording;
    mkdirSync(join(dir, "node_modules", "dynhost"), { recursive: true });
    for (const name of ["@pulumi", "@types", "@grpc", "google-protobuf", "typescript"])
      symlinkSync(join(modules, name), join(dir, "node_modules", name));
    copyFileSync(join(recordings, "dynhost.js"), join(dir, "node_modules", "dynhost", "index.js"));
    copyFileSync(join(recordings, "demo-provider.js"), join(dir, "demo-provider.js"));
    copyFileSync(join(__dirname, "inOrder.cjs"), join(dir, "inOrder.cjs"));
    writeFileSync(join(dir, "demo.js"), `require("./inOrder.cjs");\n${readFileSync(join(recordings, "demo.js"), "utf8")}`);
    const file = readFileSync(join(recordings, scenario, "program", project === ALONE ? "" : project, "Pulumi.yaml"), "utf8");
    // A program in JavaScript needs no compiler, which takes 0.15 s to load.
    const runtime = `runtime: { name: nodejs, options: { typescript: ${this.#isTypeScript} } }`;
    writeFileSync(join(dir, "Pulumi.yaml"), file.replace("runtime: nodejs", runtime));
    writeFileSync(
      join(dir, "package.json"),
      JSON.stringify({ name: "conf", private: true, main: this.#isTypeScript ? "index.ts" : "index.js" }),
    );
    const compilerOptions = {
      target: "es2022",
      module: "nodenext",
      moduleResolution: "nodenext",
      types: ["node"],
      useDefineForClassFields: false,
      noCheck: true,
    };
    if (this.#isTypeScript) writeFileSync(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
  }

  #dir(project = ALONE) {
    return join(this.#root, project);
  }

  get #bin() {
    return join(this.#root, "bin");
  }

  get #world() {
    return join(this.#root, "world.json");
  }

  get #isTypeScript() {
    return this.#recording.steps.some(({ program }) => program.endsWith(".ts"));
  }

  /** @param freely do not force the recorded order on a step that fails */
  async runStep(step: RecordedStep, { freely = false } = {}): Promise<StepResult> {
    this.#prepare(step);
    for (const [key, value] of Object.entries(step.config ?? {})) this.#config.set(key, value);
    await this.#writeConfig(step);
    const options = await this.#options(step);
    let events: EngineEvent[] = [];
    const calls: [string, JsonObject][] = [];
    const schedule = step.exitCode === 0 || freely ? undefined : new RecordedOrder(step);
    const name = `${this.#recording.scenario}/${step.label}`;
    const [chance, late] = [forcedOrders[name], lateAnswers[name]];
    const hold = chance ? new Hold(chance, "calls") : late && new Hold(late, "answers");
    let result: EngineResult | undefined;
    let failure: string | undefined;
    for (const operation of operationsOf(step.command)) {
      events = [];
      const intercept = async (call: ProviderCall, proceed: () => Promise<unknown>) => {
        const [recordedCall] = this.#call(call);
        if (recordedCall) calls.push(recordedCall);
        if (!recordedCall) return proceed();
        const held = hold ? () => hold.run(recordedCall[0], proceed) : proceed;
        return schedule ? schedule.run(...recordedCall, held) : held();
      };
      const { result: done, failure: why } = await attempt(operation, { ...options, intercept, onEvent: (event) => events.push(event) });
      result = done;
      failure = why;
      if (failure !== undefined) break;
    }
    const state = await this.#state(options, step);
    const outputs = (state.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {}) as JsonObject;
    return {
      failure,
      changes: (result?.changes ?? {}) as JsonObject,
      outputs: decrypted(outputs, "[secret]") as JsonObject,
      secrets: decrypted(outputs) as JsonObject,
      events: events.flatMap((event) => this.#recordedEvents(event)),
      calls,
      state,
    };
  }

  /** Run the same step with the `pulumi` on PATH, on a stage that no other engine has used. It does not report provider calls. */
  async runStepWithPulumi(step: RecordedStep): Promise<Omit<StepResult, "calls">> {
    this.#prepare(step);
    const { env } = await this.#options(step);
    const { events, state, ...took } = await runStepWithPulumi({ step, dir: this.#dir(step.dir), root: this.#root, env });
    const short = (value: Json) => this.#short(value);
    return {
      ...took,
      events: events.map((heard) => short(heard as Json) as RecordedEvent),
      state: state.map((resource) => short(resource) as JsonObject),
    };
  }

  /** Put the step's program in place, and change the resources as the step expects them. */
  #prepare({ program, dir, planted = {} }: RecordedStep): void {
    if (program !== "(unchanged)")
      copyFileSync(
        join(recordings, this.#recording.scenario, "program", program),
        join(this.#dir(dir), this.#isTypeScript ? "index.ts" : "index.js"),
      );
    this.#changeResources(planted);
  }

  close(): void {
    this.#attached?.process.kill();
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #options(step: RecordedStep): Promise<EngineOptions & { env: NodeJS.ProcessEnv }> {
    const { command, env = {} } = step;
    const home = join(this.#root, "home");
    const parallel = /--parallel (\d+)/.exec(command)?.[1];
    const own = { DEMO_WORLD: this.#world, ...this.#recording.env, ...env };
    if (this.#recording.attach) this.#attached ??= await attach(join(this.#dir(), "demo-provider.js"), own);
    return {
      projectDir: this.#dir(step.dir),
      stack: "dev",
      home,
      stateHome: join(home, "state"),
      parallel: parallel === undefined ? 8 : Number(parallel),
      continueOnError: command.includes("--continue-on-error"),
      ...(command.includes("--refresh") ? { refresh: true } : {}),
      replace: valuesOf(command, "--replace"),
      selection: { targets: valuesOf(command, "--target"), targetDependents: command.includes("--target-dependents") },
      env: {
        ...process.env,
        PATH: `${this.#bin}:${process.env.PATH}`,
        PULUMI_CONFIG_PASSPHRASE: "",
        ...own,
        ...(step.exitCode === 0 ? {} : { DEMO_ORDER: JSON.stringify(orderOf(step)) }),
        ...(this.#attached ? { PULUMI_DEBUG_PROVIDERS: `demo:${this.#attached.port}` } : {}),
      },
    };
  }

  async #writeConfig({ dir }: RecordedStep): Promise<void> {
    if (this.#config.size === 0) return;
    this.#secrets ??= newSalt("");
    const { salt, crypter } = await this.#secrets;
    const entries = [...this.#config].flatMap(([key, value]) => {
      const full = key.includes(":") ? key : `conf:${key}`;
      if (value === null) return [];
      if (typeof value !== "object") return [[full, String(value)]];
      return [[full, { secure: crypter.encrypt(String((value as JsonObject).secret)) }]];
    });
    writeFileSync(join(this.#dir(dir), "Pulumi.dev.yaml"), JSON.stringify({ encryptionsalt: salt, config: Object.fromEntries(entries) }));
  }

  /** Change the resources outside Pulumi, as the recorder did: null deletes a resource or a property. */
  #changeResources(planted: Record<string, JsonObject | null>): void {
    if (Object.keys(planted).length === 0) return;
    const world = (existsSync(this.#world) ? JSON.parse(readFileSync(this.#world, "utf8")) : { counters: {}, things: {} }) as Record<
      string,
      Record<string, JsonObject>
    >;
    for (const [id, patch] of Object.entries(planted)) {
      if (patch === null) {
        delete world.things?.[id];
        delete world.dyn?.[id];
        continue;
      }
      const place = world.dyn?.[id] ? world.dyn : (world.things ?? {});
      place[id] ??= { inputs: {}, arn: `arn:demo:local:${id}:0`, version: 1, key: `key-${id}` };
      const thing = place[id] as { inputs: JsonObject; broken?: Json };
      for (const [key, value] of Object.entries(patch)) {
        if (key === "broken") thing.broken = value;
        else if (value === null) delete thing.inputs[key];
        else thing.inputs[key] = value;
      }
    }
    writeFileSync(this.#world, JSON.stringify(world, null, 2));
  }

  async #state({ home, stateHome, env }: EngineOptions, { dir = ALONE }: RecordedStep): Promise<JsonObject[]> {
    const store = StackStore.open(home, { stateHome, project: dir, stack: "dev", env });
    const resources = (await store.read()).map(
      ({ created: _, modified: __, ...resource }) => this.#short(inState(resource as unknown as Json)) as JsonObject,
    );
    return resources;
  }

  #recordedEvents(event: EngineEvent): RecordedEvent[] {
    if (event.kind !== "pre" && event.kind !== "outputs" && event.kind !== "failed") return [];
    const { op, urn, keys, diffs, detailedDiff } = event.step;
    const detailed =
      detailedDiff &&
      Object.fromEntries(Object.entries(detailedDiff).map(([path, { kind, input }]) => [path, `${kind}${input ? " (input)" : ""}`]));
    const differs = { ...(keys ? { keys } : {}), ...(diffs ? { diffs } : {}), ...(detailed ? { detailedDiff: detailed } : {}) };
    return [this.#short([event.kind, op, urn, ...(Object.keys(differs).length > 0 ? [differs] : [])]) as RecordedEvent];
  }

  #call({ method, request }: ProviderCall): [string, JsonObject][] {
    if (!CALLS.includes(method)) return [];
    const kept = Object.entries(request).filter(([key, value]) => !NOISE.includes(key) && JSON.stringify(value) !== "{}");
    const named = Object.fromEntries(kept.map(([key, value]) => [NAMES[key] ?? key, value]));
    return [[`${method[0]?.toUpperCase()}${method.slice(1)}`, this.#short(named) as JsonObject]];
  }
}

/** References in the format of the state file. */
function inState(value: Json): Json {
  return isReference(value) ? referenceInState(value) : mapChildren(value, inState);
}

type Operation = (options: EngineOptions) => Promise<EngineResult>;

/** The operations of a command, in order. Without --skip-preview a preview comes first. */
function operationsOf(command: string): Operation[] {
  const verb = command.split(" ")[1] as "preview" | "up" | "destroy" | "refresh";
  const operation = { preview, up, destroy, refresh }[verb];
  if (verb === "preview" || command.includes("--skip-preview")) return [operation];
  return [(options) => (verb === "up" ? preview(options) : operation({ ...options, preview: true })), operation];
}

/** The values of a flag in a command. */
function valuesOf(command: string, flag: string): string[] {
  const words = command.split(" ");
  return words.flatMap((word, at) => (word === flag ? [String(words[at + 1])] : []));
}

async function attempt(operation: Operation, options: EngineOptions): Promise<{ result?: EngineResult; failure?: string }> {
  try {
    return { result: await operation(options) };
  } catch (error) {
    if (error instanceof OperationFailed) return { result: error.result, failure: error.message };
    return { failure: (error as Error).message };
  }
}

async function attach(script: string, env: Record<string, string>): Promise<{ process: ChildProcess; port: string }> {
  const child = spawn(process.execPath, [script], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  return { process: child, port: await firstLine(child) };
}

/** The value with secrets in plain text, or masked. */
function decrypted(value: Json, mask?: string): Json {
  if (Array.isArray(value)) return value.map((item) => decrypted(item, mask));
  if (value === null || typeof value !== "object") return value;
  if ("$" in value) return mask ?? decrypted(value.$ ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decrypted(inner, mask)]));
}
