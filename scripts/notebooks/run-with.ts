/** Runs a Python program that knows the notebooks' kernel. */
import { spawn } from "node:child_process";
import type { NotebookEnvironment } from "./environment";

/**
 * Resolves with what it wrote; throws with what it said where it ends with another code than 0, of a cell's error the
 * end. `signal` ends it, and the promise settles when it has ended.
 */
export async function runWith(
  { python, jupyterPath }: NotebookEnvironment,
  folder: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  // Where more threads want to run than there are cores, teams that spin at every barrier make small models many times
  // slower.
  const env = {
    OMP_WAIT_POLICY: "passive",
    ...process.env,
    JUPYTER_PATH: jupyterPath,
    JUPYTER_PLATFORM_DIRS: "1",
    PYTHONWARNINGS: "ignore",
  };
  const child = spawn(python, args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], signal });
  let [out, said] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (part: string) => (out += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => (said += part));
  let failure: Error | undefined;
  child.once("error", (error) => (failure = error));
  const code = await new Promise((done) => child.once("close", done));
  if (failure) throw failure;
  // Of a cell that failed, the cell and what it wrote; Python's own way there says nothing.
  const what = said.slice(Math.max(0, said.lastIndexOf("CellExecutionError: ")));
  if (code !== 0) throw new Error(`"python ${args.join(" ")}" ended with code ${String(code)}:\n${what.trim()}`);
  return out;
}
