/** Runs programs for the package's checks: waits for them, keeps what they say, fails with it when they fail. */
import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd: string;
  /** Changes to this process's environment; undefined unsets a variable. */
  readonly env?: NodeJS.ProcessEnv;
  /** Instead of this process's environment and changes to it. */
  readonly onlyEnv?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

/** Standard output. Fails with both streams' ends when the program does not end with 0. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, stdout, stderr } = await runToEnd(command, args, options);
  if (code === 0) return stdout;
  const said = `${stdout}\n${stderr}`.trim().split("\n").slice(-25).join("\n");
  throw new Error(`${[command, ...args].join(" ").slice(0, 300)} ended with ${code} in ${options.cwd}:\n${said}`);
}

export interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** However it ends. */
export function runToEnd(
  command: string,
  args: readonly string[],
  { cwd, env, onlyEnv, timeoutMs = 600_000 }: RunOptions,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: onlyEnv ?? { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: timeoutMs,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? signal ?? "nothing", stdout, stderr }));
  });
}

/** What must hold. */
export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`expected ${what}`);
}
