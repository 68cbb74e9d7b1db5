import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { parse } from "yaml";
import type { Json, JsonObject } from "../../src/json";
import { maskedAt, readSecretString } from "../../src/manifest/secretString";

const root = join(__dirname, "..", "..");

/** The environment in which a program in Python finds the SDK of the built package. */
export function pythonEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PULUMI_CONFIG_PASSPHRASE: "", PYTHONPATH: join(root, "lib", "sdk", "python"), PREFECT_API_URL: "" };
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

/** Check a program in YAML, which only the Pulumi CLI can run: all that it names is in the schema. */
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
