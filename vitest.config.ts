import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: "./tests/support/globalSetup.ts",
    reporters: ["default", "./tests/support/NoSkips.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    // No module keeps anything between files but what its file ends; loading all of them for each file takes a minute.
    isolate: false,
    passWithNoTests: false,
  },
});
