import { expect } from "vitest";
import { awsPlace } from "./clouds/aws";
import { clocksOf } from "./passTime";
import { listen, until } from "./pushpool";
import { keysOnAws, rotatingPool } from "./rotatingPool";

/** A step of a rotation: a call of AWS, and whether `up` is killed before AWS does it or after. */
export interface KillPoint {
  on: "iam:CreateAccessKey" | "sts:GetCallerIdentity" | "iam:DeleteAccessKey";
  after: boolean;
}

/** Kill -9 an `up` at one step of a rotation. The next ones must finish it, and runs must work all the time. */
export async function killRotation({ on, after }: KillPoint): Promise<void> {
  const here = await awsPlace();
  const { fake } = here;
  const time = clocksOf(here.env);
  here.program(rotatingPool());
  here.configure();
  const up = async () => {
    const { status, stderr, stdout } = await here.up();
    if (status !== 0) throw new Error(stderr + stdout);
    return stderr + stdout;
  };
  const run = async () => expect((await here.run("run", "hello/prod")).status).toBe(0);
  await up();
  const [first] = keysOnAws(fake);
  time.pass(91);
  if (on === "iam:DeleteAccessKey") {
    await up();
    // Longer than the overlap and the longest run: the ledger has no runs yet.
    time.pass(15);
  }
  fake.plant({ on, fault: { kind: "hang", after } });
  const since = fake.calls.length;
  const child = here.start("up", "--engine", "offline", "--yes");
  const { ended } = listen(child);
  await until(() => fake.calls.slice(since).some(({ action, status }) => action === on && (!after || status === 200)));
  child.kill("SIGKILL");
  await ended;

  if (on !== "iam:DeleteAccessKey") await run();
  // A key whose secret was lost takes two more: one takes it in, one deletes it.
  const isDone = () => keysOnAws(fake).length === (on === "iam:DeleteAccessKey" ? 1 : 2);
  let said = await up();
  for (let more = 0; more < 2 && (!isDone() || /nobody has its secret/.test(said)); more++) said = await up();
  await run();
  time.pass(8);
  await up();
  const keys = keysOnAws(fake);
  expect(keys).toEqual([expect.any(String)]);
  expect(keys).not.toEqual([first]);
  await run();
  expect(await up()).toMatch(/no changes/);
}
