/**
 * The package's `main`, which Pulumi's `run-plugin` requires by the package's folder and then calls. Everything else uses `exports` of
 * package.json. It starts the provider for programs in other languages.
 */
function start(): Promise<void> {
  return (require("./serve") as typeof import("./serve")).serve(process.argv[2]);
}

export = start;
