import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type * as Grpc from "@grpc/grpc-js";
import { recordings } from "./recording";

/**
 * The stand-in providers of a stage, inside the process of the tests. The engine starts a process for each provider; loading gRPC and the
 * protocol in each of these hundreds of processes would take most of the time of the conformance tests. The process that it starts is a
 * shell script, which prints the port of a provider here and waits until it is killed. Each has its own module state and environment.
 */
export class DemoProviders {
  readonly #command: string;
  readonly #claims: string;
  readonly #running = new Set<Grpc.Server>();

  /**
   * @param command path of the script to write
   * @param claims an empty folder, in which the scripts mark the ports that they use
   */
  constructor(command: string, claims: string) {
    this.#command = command;
    this.#claims = claims;
  }

  /** Have providers ready for the next step: those of the step before end. */
  async prepare(count: number, env: NodeJS.ProcessEnv): Promise<void> {
    this.close();
    const ports = await Promise.all(Array.from({ length: count }, () => this.#start(env)));
    // `true > file` fails if the file exists (-C), so each port belongs to one process.
    const script = [
      "#!/bin/sh",
      "set -C",
      `for port in ${ports.join(" ")}; do`,
      `  if true 2>/dev/null > "${this.#claims}/$port"; then echo "$port"; exec sleep 86400; fi`,
      "done",
      `echo "the recorded step needs only ${count} providers" >&2`,
      "exit 1",
    ];
    writeFileSync(this.#command, `${script.join("\n")}\n`, { mode: 0o755 });
  }

  close(): void {
    for (const server of this.#running) server.forceShutdown();
    this.#running.clear();
  }

  #start(env: NodeJS.ProcessEnv): Promise<number> {
    return new Promise((listening) => {
      program(this.#require, { env }, { error: console.error, log: listening });
    });
  }

  /** The provider's `require`, which learns of its server. */
  readonly #require = (name: string): unknown => {
    const module = load(name);
    if (name !== "@grpc/grpc-js") return module;
    const grpc = module as typeof Grpc;
    const running = this.#running;
    const Server = class extends grpc.Server {
      constructor(options?: Grpc.ServerOptions) {
        super(options);
        running.add(this);
      }
    };
    return { ...grpc, Server };
  };
}

const load = createRequire(join(recordings, "demo-provider.js"));
const program = new Function("require", "process", "console", readFileSync(join(recordings, "demo-provider.js"), "utf8"));
