// `npm test`: vitest, and the check of the types beside it. The first tests wait for builds and servers, so the check costs little there.
import { spawn } from "node:child_process";

/** @returns whether the command succeeded */
function run(command, args, stdio, onOutput = () => {}) {
  const child = spawn(command, args, { stdio });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", onOutput);
  return new Promise((resolve) => {
    child.on("error", (error) => {
      onOutput(`${error.message}\n`);
      resolve(false);
    });
    child.on("close", (code) => resolve(code === 0));
  });
}

let said = "";
const types = run("npm", ["run", "--silent", "types"], ["ignore", "pipe", "pipe"], (text) => {
  said += text;
});
const passed = await run("vitest", ["run", ...process.argv.slice(2)], "inherit", (text) => process.stderr.write(text));
const typed = await types;
if (!typed) process.stderr.write(`\n${said}The types are wrong: \`npm run types\` says the same.\n`);
process.exitCode = passed && typed ? 0 : 1;
