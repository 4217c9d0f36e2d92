/** Runs a package's Node program, with all of its output on standard error: standard output is for results. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";

/** Fails when the program does not end with 0. `program` is a path inside `root`'s node_modules. */
export function runNode(root: string, program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = createRequire(path.join(root, "package.json")).resolve(program);
    const child = spawn(process.execPath, [file, ...args], { cwd: root, stdio: ["inherit", 2, 2] });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args[0] ?? ""} ended with ${signal ?? `code ${code}`}`));
    });
  });
}
