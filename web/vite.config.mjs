import { join } from "node:path";
import { defineConfig } from "vite";

/** Builds the run page to `lib/web`. `pushpool ui` serves it as it is, under a policy that allows no inline script or style. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/",
  publicDir: false,
  logLevel: "warn",
  build: {
    outDir: join(import.meta.dirname, "..", "lib", "web"),
    emptyOutDir: true,
    target: "es2022",
    // A data: URL would be inline; the page's policy allows it for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The licences of the bundled packages, which the bundle must include.
    license: { fileName: "licenses.md" },
  },
});
