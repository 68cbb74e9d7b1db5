import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Build `lib/` once before the tests: what they drive is what is shipped. */
export default function build(): void {
  execFileSync(process.execPath, [join(__dirname, "..", "scripts", "build.mjs")], { stdio: "inherit" });
}
