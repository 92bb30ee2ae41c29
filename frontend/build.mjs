// Bundles the islands and the styles into the package's static files. `node build.mjs` from this folder.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  absWorkingDir: here("."),
  entryPoints: [
    { in: "src/app.ts", out: "app" },
    { in: "src/count.ts", out: "count" },
    { in: "src/count-worker.ts", out: "count-worker" },
    { in: "styles/app.css", out: "app" },
  ],
  outdir: here("../src/lotkeeper/web/static/web/dist"),
  bundle: true,
  minify: true,
  legalComments: "none",
  format: "iife",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  logLevel: "warning",
});
