import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` serves the sources and passes calls on to a running gateway.
const gateway = process.env.WANLLMDB_DASHBOARD ?? "http://localhost:8080";

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
      "/wanllmdb.api.": { target: gateway, changeOrigin: true },
      "/session": { target: gateway, changeOrigin: true },
    },
  },
  test: {
    include: ["src/**/*.test.ts"],
  },
});
