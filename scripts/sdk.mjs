// `npm run sdk` makes the SDKs for other languages in sdk/, from plugin/schema.json, with the Pulumi CLI. Python has another one, which needs
// no CLI: lib/sdk/python.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const LANGUAGES = ["python", "go", "dotnet", "java"];

if (spawnSync("pulumi", ["version"], { stdio: "ignore" }).error) {
  console.error("npm run sdk needs the Pulumi CLI on PATH, which generates the SDKs: https://www.pulumi.com/docs/install/");
  process.exit(2);
}
for (const language of LANGUAGES) {
  const args = ["package", "gen-sdk", join(root, "plugin", "schema.json"), "--language", language, "--out", join(root, "sdk")];
  const { status } = spawnSync("pulumi", args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
