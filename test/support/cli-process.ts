/**
 * The command line on a machine of a test's making: variables that it sets, a small disk, files that Node loads first.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { commandLine, type Ended, endOf } from "./run-cli";

export type Run = Ended;

export interface RunOptions {
  /** Set in the child. */
  readonly env?: NodeJS.ProcessEnv;
  /** Files that Node loads first. */
  readonly preload?: readonly string[];
}

/** Those that would lead a child to this machine's libtorch or past a test's server. */
const CLEARED = [
  "LIBTORCH",
  "TORCHWRIGHT_CACHE",
  "TORCHWRIGHT_MIRROR",
  "TORCHWRIGHT_SKIP_DOWNLOAD",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
];

/** The words that start `torchwright <args>`. */
export function cliWords(args: readonly string[], preload: readonly string[] = []): [string, ...string[]] {
  return [process.execPath, ...preload.flatMap((file) => ["-r", file]), commandLine(), ...args];
}

/** Starts `torchwright <args>`; `done` resolves when it has ended. */
export function startCli(
  args: readonly string[],
  options: RunOptions = {},
): { readonly child: ChildProcess; readonly done: Promise<Run> } {
  return startProgram(cliWords(args, options.preload), options.env);
}

/** Runs `torchwright <args>` to its end. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return startCli(args, options).done;
}

/** Starts a program without those variables, and collects what it writes. */
export function startProgram(
  [command, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly done: Promise<Run> } {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !CLEARED.includes(name)));
  const child = spawn(command, args, { env: { ...inherited, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  return { child, done: endOf(child) };
}
