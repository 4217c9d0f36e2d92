/** Holds the C++ to .clang-format where clang-format is installed: `npm run format:cc`. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

const folder = path.join(__dirname, "..", "binding", "src");
const files = readdirSync(folder).filter((name) => /\.(cc|h)$/.test(name));
const { error, status } = spawnSync("clang-format", ["--dry-run", "--Werror", ...files], {
  cwd: folder,
  stdio: "inherit",
});
if (error) console.log("format: clang-format is not installed; C++ was not checked");
else if (status !== 0) process.exitCode = 1;
else console.log(`format: ${files.length} C++ files are as .clang-format wants them`);
