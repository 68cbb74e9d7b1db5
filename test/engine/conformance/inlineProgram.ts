import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, sep } from "node:path";

let last: Promise<unknown> = Promise.resolve();

/**
 * Run work that runs a program in this process, after all such work before it: the SDK's settings are global to the process.
 */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = last.then(work);
  last = turn.catch(() => {});
  return turn;
}

/** A project's `index.ts` or `index.js` as a function of this process. Each call evaluates its files again; the SDK is loaded once. */
export function programIn(dir: string): () => Promise<Record<string, unknown>> {
  return async () => {
    if (existsSync(join(dir, "index.ts"))) compile(join(dir, "index.ts"), join(dir, "index.js"));
    const require = createRequire(join(dir, "index.js"));
    for (const file of Object.keys(require.cache)) if (file.startsWith(dir + sep)) delete require.cache[file];
    return (await require(join(dir, "index.js"))) as Record<string, unknown>;
  };
}

function compile(from: string, to: string): void {
  const { ModuleKind, ScriptTarget, transpileModule } = require("typescript") as typeof import("typescript");
  const compilerOptions = {
    target: ScriptTarget.ES2022,
    module: ModuleKind.CommonJS,
    esModuleInterop: true,
    useDefineForClassFields: false,
  };
  writeFileSync(to, transpileModule(readFileSync(from, "utf8"), { compilerOptions }).outputText);
}
