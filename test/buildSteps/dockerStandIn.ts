import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A call of the stand-in, as it got it. */
export interface DockerCall {
  args: string[];
  /** Standard input. */
  input: string;
  /** Build arguments that it read from its environment. */
  buildArgs: Record<string, string>;
  /** The Dockerfile of a build. */
  dockerfile?: string;
  /** The `auths` of its configuration file: who is logged in. */
  logins: string[];
}

/**
 * Put a `docker` into a folder. It records its calls, and refuses what docker refuses. These are unknown flags, a missing context or
 * Dockerfile, an invalid tag and a wrong password. It also refuses to push an image that was not built, or without a login to the registry
 * (any but `open.example.com`).
 * @returns the calls so far
 */
export function dockerStandIn(bin: string): () => DockerCall[] {
  mkdirSync(bin, { recursive: true });
  const record = join(bin, "docker-calls.jsonl");
  writeFileSync(join(bin, "docker"), `#!${process.execPath}\n(${standIn})(${JSON.stringify(record)});\n`, { mode: 0o755 });
  return () =>
    existsSync(record)
      ? readFileSync(record, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as DockerCall)
      : [];
}

/** The program. It uses nothing from around it. */
function standIn(record: string): void {
  const fs = require("node:fs") as typeof import("node:fs");
  const path = require("node:path") as typeof import("node:path");
  const args = process.argv.slice(2);
  const fail = (message: string, code = 1): never => {
    console.error(message);
    process.exit(code);
  };
  const config = path.join(process.env.DOCKER_CONFIG ?? path.join(process.env.HOME ?? "/", ".docker"), "config.json");
  const auths = (): Record<string, unknown> => (fs.existsSync(config) ? (JSON.parse(fs.readFileSync(config, "utf8")).auths ?? {}) : {});
  const call: Record<string, unknown> = { args, input: "", buildArgs: {}, logins: Object.keys(auths()) };
  const done = () => fs.appendFileSync(record, `${JSON.stringify(call)}\n`);
  const images = `${record}.images`;
  const tagged = () => (fs.existsSync(images) ? fs.readFileSync(images, "utf8").split("\n") : []);
  const checkName = (name: string) => {
    if (!/^[a-z0-9]+(?:[._:/-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(name))
      fail(`ERROR: invalid tag "${name}": invalid reference format`);
  };
  const VALUES: Record<string, string[]> = {
    build:
      "--file --tag --iidfile --build-arg --label --target --platform --network --isolation --shm-size --cache-from --add-host --memory --memory-swap --cpu-shares --cpuset-cpus".split(
        " ",
      ),
    login: ["--username"],
    push: [],
  };
  const SWITCHES: Record<string, string[]> = {
    build: ["--pull", "--no-cache", "--quiet", "--squash", "--compress", "--force-rm", "--rm=true", "--rm=false"],
    login: ["--password-stdin"],
    push: ["--all-tags"],
  };
  const [command = "", ...rest] = args;
  if (!VALUES[command]) fail(`docker: '${command}' is not a docker command.`);
  const given: Record<string, string[]> = {};
  const operands: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] as string;
    if (VALUES[command]?.includes(word)) {
      const value = rest[++at];
      if (value === undefined) fail(`flag needs an argument: ${word}`, 125);
      given[word] = [...(given[word] ?? []), value as string];
    } else if (SWITCHES[command]?.includes(word)) given[word] = [];
    else if (word.startsWith("-")) fail(`unknown flag: ${word}`, 125);
    else operands.push(word);
  }
  if (command === "build") {
    const [context] = operands;
    if (operands.length !== 1 || context === undefined) fail('ERROR: "docker buildx build" requires exactly 1 argument.');
    if (!fs.existsSync(context as string)) fail(`ERROR: unable to prepare context: path "${context}" not found`);
    const [file = ""] = given["--file"] ?? [path.join(context as string, "Dockerfile")];
    if (!fs.existsSync(file))
      fail(`ERROR: failed to solve: failed to read dockerfile: open ${path.basename(file)}: no such file or directory`);
    for (const name of given["--tag"] ?? []) checkName(name);
    call.dockerfile = fs.readFileSync(file, "utf8");
    call.buildArgs = Object.fromEntries(
      (given["--build-arg"] ?? []).map((one) => (one.includes("=") ? one.split("=", 2) : [one, process.env[one]])),
    );
    done();
    console.log("#1 building");
    if (String(call.dockerfile).includes("RUN exit"))
      fail('ERROR: failed to solve: process "/bin/sh -c exit 3" did not complete successfully: exit code: 3');
    for (const value of Object.values(call.buildArgs as Record<string, string>)) console.error(`#2 with ${value}`);
    if (given["--iidfile"]) fs.writeFileSync(given["--iidfile"][0] as string, "sha256:abc\n");
    fs.appendFileSync(images, (given["--tag"] ?? []).map((name) => `${name}\n`).join(""));
    return;
  }
  if (command === "login") {
    call.input = fs.readFileSync(0, "utf8");
    done();
    if (!("--password-stdin" in given)) fail("Error: Cannot perform an interactive login from a non TTY device");
    if (call.input !== "let-me-push")
      fail(`Error response from daemon: login attempt to https://${operands[0]}/v2/ failed with status: 401 Unauthorized`);
    const file = fs.existsSync(config) ? JSON.parse(fs.readFileSync(config, "utf8")) : {};
    file.auths = { ...file.auths, [operands[0] ?? "https://index.docker.io/v1/"]: { auth: "x" } };
    fs.writeFileSync(config, JSON.stringify(file));
    console.log("Login Succeeded");
    return;
  }
  done();
  const [image = ""] = operands;
  if (!("--all-tags" in given)) checkName(image);
  if (!tagged().some((name) => name === image || name.startsWith(`${image}:`)))
    fail(`An image does not exist locally with the tag: ${image}`);
  const host = image.split("/")[0] as string;
  if (host !== "open.example.com" && !(call.logins as string[]).includes(host)) fail("denied: requested access to the resource is denied");
  console.log(`${image}: pushed`);
}
