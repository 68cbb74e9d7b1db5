import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Duplex, Readable } from "node:stream";
import { stepRunner } from "../entrypoint";
import type { JsonObject } from "../json";
import { readJson } from "../jsonText";
import { outputLines } from "./outputLines";
import { unlessInterrupted } from "./processGroup";
import { StepFailure, type StepPlace, type StepRunner, type StepState } from "./stepRunner";

/** How long the output of a Python that has ended may still be read, in milliseconds. Its background processes may hold it open. */
const LAST_OUTPUT = 2_000;

/** The answers of `steps.py`. */
type Answer = { prefect: string } | { fault: string } | { state: number; outputs: JsonObject; own: JsonObject; folder: string };

interface Session {
  child: ChildProcess;
  ask(request: unknown): Promise<Answer>;
}

/**
 * Runs steps with Prefect's own code, all in one Python. Steps before stay as they were: the next step of another deployment starts with the
 * environment and the outputs that the steps before it left. If a step ends Python, the next one gets a new Python.
 */
export function pythonRunner(python: string, place: StepPlace): StepRunner {
  let session: Session | undefined;
  const started = async () => {
    if (session) return session;
    const next = start(python, place);
    const answer = await unlessInterrupted(place.interrupted, next.child, next.ask({ ...place.values, mark: next.mark }));
    if ("fault" in answer) throw new StepFailure(`${python} cannot import Prefect: ${answer.fault}`);
    next.child.once("exit", () => {
      if (session === next) session = undefined;
    });
    session = next;
    return next;
  };
  return {
    run: async ({ step }, before) => {
      const at = await started();
      const known = before.key as { of: Session; state: number } | undefined;
      const after = known?.of === at ? known.state : null;
      const request = { step, after, outputs: before.outputs, folder: before.folder };
      const answer = await unlessInterrupted(place.interrupted, at.child, at.ask(request));
      if (!("state" in answer)) throw new StepFailure("fault" in answer ? answer.fault : "Python gave no answer");
      const { state, outputs, own, folder } = answer;
      return { outputs, own, folder, key: { of: at, state } } satisfies StepState;
    },
    close: async () => {
      const { child } = session ?? {};
      session = undefined;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      (child.stdio[3] as Duplex).end("null\n");
      await ended;
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    },
  };
}

function start(python: string, { folder, env, output }: StepPlace): Session & { mark: string } {
  const mark = `\0${randomUUID()}`;
  // Its own group, so that a step can be stopped with everything that it has started.
  const child = spawn(python, ["-uc", stepRunner], { cwd: folder, env, detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const outputs = [child.stdout, child.stderr].map((stream) => outputLines(stream as Readable, mark, output));
  const channel = child.stdio[3] as Duplex;
  // If Python has ended, its exit says so.
  channel.on("error", () => {});
  const answers = createInterface({ input: channel });
  const ended = new Promise<Answer>((done) => {
    child.once("error", ({ message }) => done({ fault: `${python} does not start: ${message}` }));
    child.once("exit", (code, signal) => {
      done({ fault: signal === null ? `the step ended Python with exit code ${code}` : `Python was killed by ${signal}` });
    });
  });
  return {
    child,
    mark,
    ask: async (request) => {
      const answered = once(answers, "line").then(([line]) => readJson(String(line)) as unknown as Answer);
      answered.catch(() => {});
      channel.write(`${JSON.stringify(request)}\n`);
      const answer = await Promise.race([answered, ended]);
      let timer: NodeJS.Timeout | undefined;
      const isOver = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
      const limit = new Promise<void>((done) => {
        if (isOver) timer = setTimeout(done, LAST_OUTPUT);
      });
      await Promise.race([Promise.all(outputs.map((lines) => lines.marked())), limit]);
      clearTimeout(timer);
      return answer;
    },
  };
}
