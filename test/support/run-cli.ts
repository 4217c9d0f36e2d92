/** The command line as its users run it: compiled, in processes of its own. */
import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

const ROOT = join(__dirname, "../..");
let folder: string | undefined;

/** Where the compiled command line is; compiled on the first call, in a second, for all files of a test run. */
export function commandLine(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "torchwright-cli-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    const sources = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    // What lib/ looks for beside itself: the addons and the packages.
    for (const name of ["node_modules", "build", "package.json"]) symlinkSync(join(ROOT, name), join(made, name));
    buildSync({
      entryPoints: sources.map((name) => join(ROOT, "lib", name)),
      outbase: ROOT,
      outdir: made,
      format: "cjs",
      platform: "node",
      target: "node20",
      logLevel: "error",
    });
    folder = made;
  }
  return join(folder, "lib/cli/main.js");
}

/** What a process wrote, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly cwd: string;
  /** Standard input; without it there is none. */
  readonly input?: string;
  /** Variables beside those of the tests' own process. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts it; whoever does sees to its end. */
export function startCommandLine(
  args: readonly string[],
  cwd: string,
  env?: NodeJS.ProcessEnv,
): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [commandLine(), ...args], { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
}

/** Runs it to its end. */
export function runCommandLine(args: readonly string[], { cwd, input = "", env }: CallOptions): Promise<Ended> {
  const child = startCommandLine(args, cwd, env);
  child.stdin.on("error", () => undefined); // it may end without reading
  child.stdin.end(input);
  return endOf(child);
}

/** What a process writes until it ends. */
export function endOf(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, ...texts }));
  });
}
