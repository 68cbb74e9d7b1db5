import { defineConfig } from "vitest/config";

/** Volume: hundreds of runs, every point at which a process can be killed. Hours are fine here; `npm test` has a small version of each. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.soak.ts"],
    globalSetup: ["test/build.ts"],
    testTimeout: 3_600_000,
    maxWorkers: 1,
  },
});
