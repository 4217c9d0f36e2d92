/** Command line of the layering check: `npm run layers`. */
import path from "node:path";
import { layerViolations } from "./checks/layers";

const violations = layerViolations(path.join(__dirname, "..", "lib"));
for (const violation of violations) console.error(`lib/${violation}`);
if (violations.length > 0) process.exitCode = 1;
else console.log("layers: every import of lib leads up the page");
