import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { expect, test } from "vitest";
import { createVitest } from "vitest/node";
import { CHANGES_THE_PROCESS } from "./sharing.mts";

// The files of the project "pure" share processes (vitest.config.mts), so none may leave anything behind.

const LEAVES_SOMETHING =
  /process\.(env|chdir|on|once|exitCode|kill)\b|\bvi\.(mock|doMock|stub\w+|useFakeTimers|spyOn|setConfig)\b|node:(child_process|cluster|http|net|worker_threads)|\bscratch\(|OfflineEngine|startFake\w+|globalThis\.\w+ =/g;

test("each file belongs to one project, and those that change their process share none", async () => {
  const vitest = await createVitest("test", { watch: false, reporters: [] });
  try {
    const files = await vitest.getRelevantTestSpecifications();
    expect(new Set(files.map(({ moduleId }) => moduleId)).size).toBe(files.length);
    const shared = files.filter(({ project }) => project.name === "shared").map(({ moduleId }) => moduleId);
    expect(shared.length).toBeGreaterThan(60);
    expect(shared.filter((file) => CHANGES_THE_PROCESS.test(readFileSync(file, "utf8")))).toEqual([]);
  } finally {
    await vitest.close();
  }
});

test("no pure test changes what others see, or starts something", async () => {
  const vitest = await createVitest("test", { watch: false, reporters: [] });
  try {
    const files = (await vitest.getRelevantTestSpecifications()).filter(({ project }) => project.name === "pure");
    const found = files.map(({ moduleId }) => [relative(process.cwd(), moduleId), readFileSync(moduleId, "utf8").match(LEAVES_SOMETHING)]);
    expect(found.length).toBeGreaterThan(50);
    expect(found.filter(([, match]) => match)).toEqual([]);
  } finally {
    await vitest.close();
  }
});
