// Bundles the islands and the styles into the package's static files. `node build.mjs` from this folder.
import { build } from "esbuild";
import { copyFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const built = here("../src/lotkeeper/web/static/web/dist");
const options = {
  absWorkingDir: here("."),
  outdir: built,
  bundle: true,
  minify: true,
  legalComments: "none",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  logLevel: "warning",
};

await build({
  ...options,
  entryPoints: [
    { in: "src/app.ts", out: "app" },
    { in: "src/count.ts", out: "count" },
    { in: "src/count-worker.ts", out: "count-worker" },
    { in: "styles/app.css", out: "app" },
  ],
  format: "iife",
});
// Read by a page only when somebody turns the camera on.
await build({ ...options, entryPoints: [{ in: "src/camera.ts", out: "camera" }], format: "esm" });
await copyFile(here("node_modules/zxing-wasm/dist/reader/zxing_reader.wasm"), `${built}/zxing_reader.wasm`);
