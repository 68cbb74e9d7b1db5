import { defineConfig } from "vitest/config";

/**
 * Large tests: hundreds of runs, and every point at which a process can be killed. They may take hours; `npm test` has a small version of
 * each.
 */
export default defineConfig({
  test: {
    // Tests that `npm test` has too run longer here.
    include: ["test/soak/**/*.soak.ts", "test/prefect/serverRestart.test.ts"],
    env: { PUSHPOOL_TEST_AWAY_SECONDS: "180" },
    globalSetup: ["scripts/buildIfNeeded.mts"],
    testTimeout: 3_600_000,
    expect: { poll: { timeout: 600_000 } },
    maxWorkers: 1,
  },
});
