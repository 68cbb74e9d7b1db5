import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SDK_FLAGS } from "../../src/engine/sdkFlags";
import { isJsonObject, type Json, type JsonObject } from "../../src/json";
import { scratch } from "../scratch";

/** A Pulumi project whose programs can be run. */
export interface Project {
  dir: string;
  /** Run a program and return the dynamic resources that it registers, with their inputs as the provider gets them. */
  declare(program: string): Declared[];
}

export interface Declared {
  type: string;
  name: string;
  /** In plain text, as the engine sends them to a provider without support for secrets. */
  inputs: JsonObject;
  /** JSON pointers to the inputs that were secret. */
  secrets: string[];
}

/** A folder like a user's: a Pulumi project with its packages, including the built package of this repository. */
export function project(): Project {
  const dir = join(scratch(), "conf");
  mkdirSync(dir);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "Pulumi.yaml"), "name: conf\nruntime: nodejs\nmain: index.js\n");
  return {
    dir,
    declare: (program) => {
      const file = join(dir, "declare.js");
      writeFileSync(file, `${BEFORE}\n${program}\n${AFTER}`);
      const { status, stderr } = spawnSync(process.execPath, [...SDK_FLAGS, file], { cwd: dir, encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      return (JSON.parse(readFileSync(join(dir, "declared.json"), "utf8")) as JsonObject[]).map(({ type, name, inputs }) => {
        const secrets: string[] = [];
        return { type, name, inputs: plain(inputs as Json, "", secrets), secrets } as Declared;
      });
    },
  };
}

const BEFORE = `
const pulumi = require("@pulumi/pulumi");
const registered = [];
pulumi.runtime.setMocks({
  newResource: ({ type, name, inputs, custom }) => { if (custom) registered.push({ type, name, inputs }); return { id: name + "-id", state: inputs }; },
  call: ({ inputs }) => inputs,
}, "conf", "dev");
const { Deployment, FlowRun } = require("pushpool");
const { ProcessPushPool } = require("pushpool/local");`;

const AFTER = `
process.on("beforeExit", () => require("node:fs").writeFileSync("declared.json", JSON.stringify(registered)));`;

/** The key that marks Pulumi's special values on the wire. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

function plain(value: Json, path: string, secrets: string[]): Json {
  if (Array.isArray(value)) return value.map((item, index) => plain(item, `${path}/${index}`, secrets));
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, SIGNATURE)) {
    secrets.push(path);
    return plain(value.value as Json, path, []);
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner, `${path}/${key}`, secrets)]));
}
