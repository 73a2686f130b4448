import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: "./tests/support/globalSetup.ts",
    reporters: ["default", "./tests/support/NoSkips.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    passWithNoTests: false,
  },
});
