import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { parse } from "yaml";
import type { EngineEvent } from "../../src/engine";
import type { Json, JsonObject } from "../../src/json";
import { maskedAt, readSecretString } from "../../src/manifest/secretString";
import { type OfflineStack, offlineStack } from "../../src/testing";
import { pulumiVenv } from "../pulumiVenv";
import { scratch } from "../scratch";

const root = join(__dirname, "..", "..");

/** The environment in which a program in Python finds the SDK of the built package. */
export function pythonEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", PYTHONPATH: join(root, "lib", "sdk", "python"), PREFECT_API_URL: "" };
}

interface Program {
  project: string;
  /** Its files by name. */
  files: Record<string, string>;
  env?: NodeJS.ProcessEnv;
  config?: Record<string, string>;
  providers?: Record<string, number>;
}

interface Stack {
  stack: OfflineStack;
  /** What the operations report. */
  heard: string[];
  /** The environment of the operations. */
  env: NodeJS.ProcessEnv;
}

/** A stack of a program in any language, on the offline engine. */
export function stackOf({ project, files, env = {}, ...rest }: Program): Stack {
  const dir = join(scratch(), project);
  mkdirSync(dir);
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const heard: string[] = [];
  const home = join(dir, ".pushpool");
  const given = { ...pythonEnv(), PUSHPOOL_HOME: home, XDG_STATE_HOME: join(dir, "state"), ...env };
  const onEvent = (event: EngineEvent) => event.kind === "diagnostic" && heard.push(event.message);
  return { stack: offlineStack({ projectDir: dir, home, env: given, onEvent, ...rest }), heard, env: given };
}

/** The same for a program in Python, which runs in the tests' own virtual environment. @param program without Pulumi.yaml */
export async function pythonStack(program: Program): Promise<Stack> {
  const runtime = { name: "python", options: { virtualenv: await pulumiVenv() } };
  return stackOf({ ...program, files: { "Pulumi.yaml": JSON.stringify({ name: program.project, runtime }), ...program.files } });
}

/** What was made, without what only one language has. A FlowRun has another type in TypeScript. */
export function planned(steps: readonly { urn: string; op: string }[]): string[] {
  return steps
    .map(({ urn, op }) => `${op} ${urn.split("::").slice(2).join(" ")}`.replace("pulumi-nodejs:dynamic/pushpool:", "pushpool:index:"))
    .filter((step) => !/pulumi:providers:|pushpool:index:Manifest|pulumi:pulumi:Stack/.test(step))
    .sort();
}

/** A manifest with its secrets masked, from the output of a program. */
export function masked(output: Json | undefined): JsonObject {
  const marked = readSecretString(output, "the output");
  return (marked ? maskedAt(marked).tree : output) as JsonObject;
}

interface ResourceSpec {
  inputProperties: object;
  requiredInputs: string[];
  properties: object;
}

/** Check a program in YAML: all that it names is in the schema. */
export function checkYaml(text: string): void {
  const schema = JSON.parse(readFileSync(join(root, "plugin", "schema.json"), "utf8")) as { resources: Record<string, ResourceSpec> };
  const program = parse(text) as {
    runtime: string;
    resources: Record<string, { type: string; properties?: JsonObject }>;
    outputs: JsonObject;
  };
  expect(program.runtime).toBe("yaml");
  const specOf = (type = "") => schema.resources[type.replace(":", ":index:")];
  for (const [name, { type, properties = {} }] of Object.entries(program.resources)) {
    const spec = specOf(type);
    expect(spec, `${name}: ${type}`).toBeDefined();
    expect(Object.keys(spec?.inputProperties ?? {}), name).toEqual(expect.arrayContaining(Object.keys(properties)));
    expect(Object.keys(properties), name).toEqual(expect.arrayContaining(spec?.requiredInputs ?? []));
  }
  for (const [, name = "", output = ""] of text.matchAll(/\$\{(\w+)\.(\w+)\}/g)) {
    if (name === "pulumi") continue;
    expect(Object.keys(specOf(program.resources[name]?.type)?.properties ?? {}), `${name}.${output}`).toContain(output);
  }
  expect(program.outputs.pushPools).toBe(["$", "{manifest.json}"].join(""));
}
