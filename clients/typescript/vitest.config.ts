import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // A busy machine takes seconds to start a process.
    testTimeout: 60_000,
  },
});
