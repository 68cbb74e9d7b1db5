import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/json";
import { project } from "./program";

// A scenario of the real engine (Pulumi 3.260) that has components alone: the same steps here end in the same counts, outputs and state.

const folder = join(__dirname, "..", "fixtures", "engine-traces", "a6-empty");
const read = (file: string) => JSON.parse(readFileSync(join(folder, file), "utf8")) as JsonObject;
interface Step {
  step: number;
  label: string;
  program: string;
  command: string;
}

test("a6-empty, step by step", async () => {
  const { dir, stack } = project();
  const dev = stack();
  const { steps } = read("steps.json") as unknown as { steps: Step[] };
  for (const { label, program, command } of steps) {
    if (program !== "(unchanged)") {
      const text = readFileSync(join(folder, "program", program), "utf8").replace(
        /^const \{ pulumi.*demo"\);$/m,
        'const pulumi = require("@pulumi/pulumi");',
      );
      writeFileSync(join(dir, "index.js"), text);
    }
    const operation = command.startsWith("pulumi preview") ? dev.preview : command.startsWith("pulumi destroy") ? dev.destroy : dev.up;
    const { changes } = await operation();
    const summary = read(`${label}.summary.json`);
    expect([label, changes]).toEqual([label, summary.changes]);
    if (command.startsWith("pulumi preview")) continue;
    expect([label, await dev.outputs()]).toEqual([label, summary.outputs]);
    expect([label, await dev.outputs({ secrets: true })]).toEqual([label, summary.outputsShowSecrets]);
    expect([label, plain(dev.exportState())]).toEqual([label, (read(`${label}.state.json`).resources as Json[]).map(opened)]);
  }
});

/** Our state as the recording has it: no times. Secrets are compared by the outputs. */
function plain(state: Json): Json {
  const { resources } = (state as { deployment: { resources: JsonObject[] } }).deployment;
  return resources.map(({ created: _, modified: __, ...resource }) => opened(resource));
}

const SIGNATURE = "4dabf18193072939515e22adb298388d";
function opened(value: Json): Json {
  if (Array.isArray(value)) return value.map(opened);
  if (value === null || typeof value !== "object") return value;
  if (value[SIGNATURE] !== undefined) return "a secret";
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, opened(inner)]));
}
