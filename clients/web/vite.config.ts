import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `vite` serves the sources, and passes calls on to a running gateway.
const gateway = process.env.WANLLMDB_DASHBOARD ?? "http://127.0.0.1:8080";
// The gateway accepts calls of its own page only.
const passedOn = { target: gateway, changeOrigin: true, headers: { origin: gateway } };

export default defineConfig({
  plugins: [react()],
  html: {
    // The gateway puts a fresh nonce here in each answer.
    cspNonce: "__CSP_NONCE__",
  },
  build: {
    outDir: "../../services/wanllmdb_gateway/static",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the page forbids data: in scripts and styles.
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: {
      "/wanllmdb.api.": passedOn,
      "/session": passedOn,
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
    setupFiles: ["./vitest.setup.ts"],
    // Property tests take seconds on a busy machine.
    testTimeout: 120_000,
  },
});
