import { defineConfig } from "vitest/config";

const results = process.env.PUSHPOOL_TEST_RESULTS;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/fixtures/**", "test/soak/**"],
    // The end-to-end tests drive the built CLI.
    globalSetup: ["test/build.ts", "test/compiledCode.ts"],
    // Most take seconds; a loaded machine may take minutes.
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // Two cores, and many tests start processes of their own.
    maxWorkers: 2,
    reporters: results ? ["default", ["json", { outputFile: results }]] : ["default"],
  },
});
