import { defineConfig } from "vitest/config";

// The tests in a browser, against a real platform: `make browser`.
export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/harness/globalSetup.ts"],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
});
