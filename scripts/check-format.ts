/** Holds the C++ to .clang-format where clang-format is installed: `npm run format:cc`. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

const folder = path.join(__dirname, "..", "binding", "src");
const files = readdirSync(folder).filter((name) => /\.(cc|h)$/.test(name));
// Debian's packages of one version bring the versioned name alone.
const tool = ["clang-format", "clang-format-14"].find((name) => spawnSync(name, ["--version"]).status === 0);
if (tool === undefined) {
  console.log("format: clang-format is not installed; C++ was not checked");
} else if (spawnSync(tool, ["--dry-run", "--Werror", ...files], { cwd: folder, stdio: "inherit" }).status === 0) {
  console.log(`format: ${files.length} C++ files are as .clang-format wants them`);
} else {
  process.exitCode = 1;
}
