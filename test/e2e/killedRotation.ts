import { expect } from "vitest";
import { until } from "../until";
import { cloudPlace } from "./clouds/cloud";
import { watchSecrets } from "./keyCanaries";
import { KEY_CLOUDS, STEPS, type Step } from "./keyClouds";
import { clocksOf } from "./passTime";
import { listen } from "./pushpool";
import { rotatingPool } from "./rotatingPool";

/** Where `up` is killed: before the cloud does the call of a step, or after it. */
export interface KillPoint {
  cloud: keyof typeof KEY_CLOUDS;
  step: Step;
  after: boolean;
}

export const KILL_POINTS: KillPoint[] = (["aws", "gcp", "azure"] as const).flatMap((cloud) =>
  STEPS.flatMap((step) => [false, true].map((after) => ({ cloud, step, after }))),
);

/** Kill -9 an `up` at one step of a rotation. The next ones must finish it, and runs must work all the time. */
export async function killRotation({ cloud: name, step, after }: KillPoint): Promise<void> {
  const { cloud, keysOf, secretsOf, calls, lost, forget } = KEY_CLOUDS[name];
  const here = await cloudPlace(cloud);
  const { fake } = here;
  const on = calls[step];
  const time = clocksOf(here.env);
  here.program(rotatingPool(cloud));
  here.configure();
  const canaries = watchSecrets(here, () => secretsOf(fake));
  const done = async (...args: string[]) => {
    const ended = await here.run(...args);
    canaries.heard(ended);
    const { status, stderr, stdout } = ended;
    if (status !== 0) throw new Error(`${args[0]} ended with ${status}: ${stderr}${stdout}`);
    return stderr + stdout;
  };
  const up = () => done("up", "--engine", "offline", "--yes");
  const run = () => done("run", "hello/prod");
  await up();
  const [first] = keysOf(fake) as [string];
  time.pass(91);
  if (step === "remove") {
    await up();
    // Longer than the overlap and the longest run: the ledger has no runs yet.
    time.pass(15);
  }
  fake.plant({ on, fault: { kind: "hang", after } });
  const since = fake.calls.length;
  const child = here.start("up", "--engine", "offline", "--yes");
  const { ended, stdout, stderr } = listen(child);
  await until(() => {
    if (child.exitCode !== null) throw new Error(`up ended before it was killed: ${stderr()}`);
    return fake.calls.slice(since).some(({ action, method, status }) => (action ?? method) === on && (!after || status > 0));
  });
  child.kill("SIGKILL");
  await ended;
  canaries.heard({ status: null, stdout: stdout(), stderr: stderr() });

  if (step !== "remove") await run();
  const rotated = () => keysOf(fake).length === (step === "remove" ? 1 : 2);
  let said = await up();
  if (step === "create" && after && lost === "deleted by hand") {
    const [, lostId = ""] = /made key (\S+), and its secret is lost: delete it with `/.exec(said) ?? [];
    expect([said, keysOf(fake)]).toEqual([expect.any(String), [first, lostId, expect.any(String)]]);
    forget(fake, lostId);
  }
  // A key that is taken in needs two more: one takes it in, one deletes it.
  for (let more = 0; more < 2 && (!rotated() || /its secret is lost/.test(said)); more++) said = await up();
  await run();
  time.pass(8);
  await up();
  const keys = keysOf(fake);
  expect(keys).toEqual([expect.any(String)]);
  expect(keys).not.toEqual([first]);
  await run();
  expect(await up()).toMatch(/no changes/);
  canaries.check();
}
