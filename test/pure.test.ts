import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { expect, test } from "vitest";
import { createVitest } from "vitest/node";

// The files of the project "pure" share processes (vitest.config.mts), so none may leave anything behind.

const LEAVES_SOMETHING =
  /process\.(env|chdir|on|once|exitCode|kill)\b|\bvi\.(mock|doMock|stub\w+|useFakeTimers|spyOn|setConfig)\b|node:(child_process|cluster|http|net|worker_threads)|\bscratch\(|OfflineEngine|startFake\w+|globalThis\.\w+ =/g;

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
