import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    // A busy machine takes many seconds to start a process.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
