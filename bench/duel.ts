/**
 * Two processes that take turns: ours, peer, ours, peer …, each round short.
 *
 * Interleaved, a busy moment of the machine hits both, and what is compared is compared within one run. A process
 * that waits for its turn blocks on stdin and uses no CPU.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** Lists of numbers by name, of one round or of all. */
export type Values = Readonly<Record<string, readonly number[]>>;

interface Reply {
  readonly ready?: true;
  readonly versions?: Readonly<Record<string, string>>;
  readonly values?: Values;
  readonly peakBytes?: number;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** The environment of both sides: the same number of threads. */
export function sideEnvironment(threads: number): NodeJS.ProcessEnv {
  return {
    ...process.env,
    OMP_NUM_THREADS: `${threads}`,
    MKL_NUM_THREADS: `${threads}`,
    HF_HUB_DISABLE_PROGRESS_BARS: "1",
  };
}

/** One process that does what it is asked, one request at a time. */
export class Side {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  /** Peak resident memory at the last reply, in bytes. */
  peakBytes = 0;
  versions: Readonly<Record<string, string>> = {};

  constructor(
    private readonly name: string,
    { program, args }: Command,
    threads: number,
  ) {
    this.#child = spawn(program, [...args], { stdio: ["pipe", "pipe", "inherit"], env: sideEnvironment(threads) });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async #reply(): Promise<Reply> {
    const line = await this.#lines.next();
    if (line.done) {
      throw new Error(`${this.name}: the process ended (exit code ${this.#child.exitCode}) before it replied`);
    }
    return JSON.parse(line.value) as Reply;
  }

  async ready(): Promise<void> {
    this.versions = (await this.#reply()).versions ?? {};
  }

  async round(task: string, count: number): Promise<Values> {
    this.#child.stdin.write(`${JSON.stringify({ task, count })}\n`);
    const { values = {}, peakBytes = 0 } = await this.#reply();
    this.peakBytes = peakBytes;
    return values;
  }

  end(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

export interface Pair<T> {
  readonly ours: T;
  readonly peer: T;
}

export interface Rounds {
  /** What each side does before anything counts. */
  readonly warmup: number;
  readonly rounds: number;
  /** Size of a round: steps or calls. */
  readonly count: number;
}

/** Plays a task in turns; resolves with all values of each side. */
export async function duel(sides: Pair<Side>, task: string, { warmup, rounds, count }: Rounds): Promise<Pair<Values>> {
  const all = { ours: {} as Record<string, number[]>, peer: {} as Record<string, number[]> };
  for (const who of ["ours", "peer"] as const) await sides[who].round(task, warmup);
  for (let round = 0; round < rounds; round++) {
    for (const who of ["ours", "peer"] as const) {
      for (const [name, values] of Object.entries(await sides[who].round(task, count))) {
        (all[who][name] ??= []).push(...values);
      }
    }
    process.stderr.write(`${task}: round ${round + 1} of ${rounds}\n`);
  }
  return all;
}

/** Starts both sides, waits until they are ready, and ends them whatever happens. */
export async function withSides<T>(
  commands: Pair<Command>,
  threads: number,
  work: (sides: Pair<Side>) => Promise<T>,
): Promise<T> {
  const sides = { ours: new Side("ours", commands.ours, threads), peer: new Side("peer", commands.peer, threads) };
  try {
    await Promise.all([sides.ours.ready(), sides.peer.ready()]);
    return await work(sides);
  } finally {
    sides.ours.end();
    sides.peer.end();
  }
}
