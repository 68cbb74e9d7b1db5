import type * as Pulumi from "@pulumi/pulumi";
import type { Evaluator } from "./evaluator";

/** The options of a resource by their names in YAML. Most have the same name in the SDK. */
const OPTIONS: Record<string, keyof Pulumi.CustomResourceOptions | "providers"> = {
  additionalSecretOutputs: "additionalSecretOutputs",
  aliases: "aliases",
  customTimeouts: "customTimeouts",
  deleteBeforeReplace: "deleteBeforeReplace",
  deletedWith: "deletedWith",
  dependsOn: "dependsOn",
  ignoreChanges: "ignoreChanges",
  import: "import",
  parent: "parent",
  pluginDownloadURL: "pluginDownloadURL",
  protect: "protect",
  provider: "provider",
  providers: "providers",
  replaceOnChanges: "replaceOnChanges",
  retainOnDelete: "retainOnDelete",
  version: "version",
};

/** @throws {Error} naming an option that is unknown */
export function optionsOf(options: Record<string, unknown>, evaluator: Evaluator, at: string): Pulumi.CustomResourceOptions {
  const entries = Object.entries(options).map(([name, value]) => {
    const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (option === undefined) throw new Error(`${at}.${name}: the offline engine does not support this option: use --engine pulumi`);
    return [option, evaluator.evaluate(value, `${at}.${name}`)];
  });
  return Object.fromEntries(entries) as Pulumi.CustomResourceOptions;
}
