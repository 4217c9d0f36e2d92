/** Writes both addons to the checkout's `prebuilds/<platform>-<arch>`: `npm run prebuild`. */
import path from "node:path";
import { writePrebuilds } from "./build/prebuilds";

const root = path.join(__dirname, "..");

writePrebuilds(root, root).then(
  (folder) => console.log(`prebuilt: ${folder}`),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
