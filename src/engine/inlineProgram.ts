import { createRequire } from "node:module";
import type * as language from "@pulumi/pulumi/proto/language_pb";
import type { ProgramRun } from "./language/language";
import type { ProgramEnd } from "./languageHost";

/** The SDK's own class, which its types do not export. */
type LanguageServer = new (
  program: () => Promise<unknown>,
) => {
  run(call: { request: language.RunRequest }, reply: (error: Error | undefined) => void): void;
};

/** A program as a function. It resolves with the stack's outputs. */
export type InlineProgram = () => Promise<Record<string, unknown> | undefined>;

/**
 * Run a program that is a function of this process, with the SDK's own language server, as Pulumi's Automation API does.
 * Only one program can run at a time, because the SDK's settings are global to the process.
 * @param env variables for the program; they are removed after it
 */
export function startInline(
  program: InlineProgram,
  run: Omit<ProgramRun, "env" | "compileCache" | "onEvent" | "schemaOf">,
  env: Record<string, string>,
): { ended: Promise<ProgramEnd>; kill(): void } {
  const before = { ...process.env };
  Object.assign(process.env, env);
  const from = createRequire(run.runner);
  const { LanguageServer: Server } = from("@pulumi/pulumi/automation/server") as { LanguageServer: LanguageServer };
  const { RunRequest } = from("@pulumi/pulumi/proto/language_pb") as typeof language;
  const request = new RunRequest();
  request.setProject(run.project.name).setStack(run.stack).setOrganization("organization").setPwd(run.project.dir);
  request.setParallel(run.parallel).setDryrun(run.dryRun).setMonitorAddress(run.monitor).setArgsList([run.engine]);
  for (const [key, value] of Object.entries(run.config.values)) request.getConfigMap().set(key, value);
  request.setConfigsecretkeysList(run.config.secretKeys);

  let kill = () => {};
  const killed = new Promise<ProgramEnd>((done) => {
    kill = () => done({ kind: "bail" });
  });
  const server = new Server(async () => (await program()) ?? {});
  const finished = new Promise<ProgramEnd>((done) => {
    const reply = (error: Error | undefined) => done(error ? { kind: "failed", message: error.message } : { kind: "ok" });
    server.run({ request }, reply);
  });
  const ended = Promise.race([finished, killed]).finally(() => {
    for (const name of Object.keys(env)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });
  return { ended, kill };
}
