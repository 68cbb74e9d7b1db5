import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OfflineStack, type OfflineStackOptions, offlineStack } from "../../src/testing";
import { scratch } from "../scratch";

/** A Pulumi project in its own folder. The program can change between operations. */
export function project(): {
  dir: string;
  write(program: string): void;
  config(yaml: string): void;
  stack(options?: Partial<OfflineStackOptions>): OfflineStack;
} {
  const dir = join(scratch(), "conf");
  mkdirSync(dir);
  symlinkSync(join(__dirname, "..", "..", "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "Pulumi.yaml"), "name: conf\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n");
  writeFileSync(join(dir, "index.js"), "");
  return {
    dir,
    write: (program) => writeFileSync(join(dir, "index.js"), `const pulumi = require("@pulumi/pulumi");\n${COMPONENTS}\n${program}\n`),
    config: (yaml) => writeFileSync(join(dir, "Pulumi.dev.yaml"), yaml),
    stack: (options = {}) => offlineStack({ projectDir: dir, home: join(dir, "..", "home"), ...options }),
  };
}

const COMPONENTS = `
class Box extends pulumi.ComponentResource {
  constructor(name, args, opts) {
    super("conf:index:Box", name, args, opts);
    this.label = pulumi.output(args.label);
    this.registerOutputs({ label: this.label });
  }
}
class Bare extends pulumi.ComponentResource {
  constructor(name, args, opts) { super("conf:index:Bare", name, args, opts); }
}`;
