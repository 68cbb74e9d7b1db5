import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { occurrencesOf, readSchedule } from "../../src/schedules";
import { PACKED_ZONES, prefectVenv } from "../prefect/venv";
import { crons, type Question, rrules } from "./random";

/** Rules come from a seed, so that a failure can be repeated. Another seed may be given. */
const SEED = Number(process.env.SCHEDULES_SEED ?? 20_260_101);
const RULES = Number(process.env.SCHEDULES_RULES ?? 300);
/** dateutil knows the changes of clocks up to 2037. */
const KNOWN = "2037-12";

type Answer = { times: string[] } | { error: string } | { tooLong: true };

/** Our own answer, or why there is none. */
function ours({ after, most, seconds: _, ...schedule }: Question): Exclude<Answer, { tooLong: true }> {
  const read = readSchedule({ schedule });
  if ("fault" in read) return { error: read.fault };
  try {
    const times: string[] = [];
    for (const time of occurrencesOf(read.schedule, 0).after(Date.parse(after) - 1)) {
      if (times.push(`${new Date(time).toISOString().slice(0, 19)}Z`) >= most) break;
    }
    return { times };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

const known = (times: readonly string[]) => times.filter((time) => time < KNOWN);

const recorded = JSON.parse(readFileSync(join(__dirname, "../fixtures/schedules/random.json"), "utf8")) as (Question & {
  times: string[];
})[];

test("two thousand random rules and cron expressions have the occurrences that Prefect recorded", () => {
  const wrong = recorded.flatMap(({ times, ...question }) => {
    const answer = ours({ ...question, most: Math.max(1, times.length) });
    return JSON.stringify("times" in answer ? known(answer.times) : answer) === JSON.stringify(times) ? [] : [{ question, times, answer }];
  });
  expect(wrong).toEqual([]);
  expect(recorded.filter(({ rrule }) => /MINUTELY|SECONDLY|HOURLY/.test(rrule ?? "")).length).toBeGreaterThan(500);
});

test.each([
  ["rrules", rrules],
  ["cron expressions", crons],
])("new random %s have the occurrences that Prefect returns, and both refuse the same ones", { timeout: 300_000 }, async (_, arbitrary) => {
  const questions = fc.sample(arbitrary, { seed: SEED, numRuns: RULES });
  const python = join(await prefectVenv(), "bin/python");
  const given = { input: JSON.stringify(questions), maxBuffer: 1 << 28, env: { ...process.env, ...PACKED_ZONES } };
  const said = execFileSync(python, [join(__dirname, "prefectTimes.py")], given);
  const theirs = JSON.parse(said.toString()) as Answer[];
  const compared = questions.flatMap((question, index) => {
    const their = theirs[index] as Answer;
    if ("tooLong" in their) return [];
    const our = ours(question);
    // Prefect refuses some rules at once, finds others empty when it searches their occurrences, and finds none for others.
    const none = (answer: Answer) => "error" in answer || ("times" in answer && known(answer.times).length === 0);
    const same = none(their) ? none(our) : "times" in our && "times" in their && `${known(our.times)}` === `${known(their.times)}`;
    return [{ question, same, their, our }];
  });
  expect(compared.filter(({ same }) => !same)).toEqual([]);
  expect(compared.filter(({ their }) => "times" in their).length).toBeGreaterThan(questions.length / 4);
});
