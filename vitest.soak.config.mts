import { defineConfig } from "vitest/config";

/** Volume: hundreds of runs, every point at which a process can be killed. Hours are fine here; `npm test` has a small version of each. */
export default defineConfig({
  test: {
    // What `npm test` has too is here for longer.
    include: ["test/soak/**/*.soak.ts", "test/prefect/serverRestart.test.ts"],
    env: { PUSHPOOL_TEST_AWAY_SECONDS: "180" },
    globalSetup: ["test/build.ts"],
    testTimeout: 3_600_000,
    maxWorkers: 1,
  },
});
