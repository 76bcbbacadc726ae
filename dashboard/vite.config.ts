import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The API serves what is built here; during development Vite passes API calls on to it.
const api = "http://127.0.0.1:8650";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": api, "/login": api } },
  build: {
    outDir: "../api/static",
    emptyOutDir: true,
    // The first that know light-dark(), which the style sheet rests on.
    target: ["chrome123", "firefox120", "safari17.5"],
    // The content security policy allows neither inline scripts nor inlined assets.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
