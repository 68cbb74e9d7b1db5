/**
 * The package's `main`. Both the program `pulumi-resource-pushpool` and Pulumi's `run-plugin` require it by the package's folder and then call
 * it. Everything else uses `exports` of package.json. It starts the provider for programs in other languages.
 * @param keepCode keeps the compiled code for the next start, if the program that starts it can
 */
function start(keepCode?: () => void): Promise<void> {
  // Flags for Pulumi's log and tracing come first.
  const engine = process.argv.slice(2).at(-1);
  return (require("./serve") as typeof import("./serve")).serve(engine, keepCode);
}

export = start;
