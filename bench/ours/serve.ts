/**
 * Our end of a duel: one request per line on stdin, one reply per line on stdout.
 *
 * The counterpart of `bench/peers/serve.py`. What is in this folder is compiled to plain JavaScript and
 * runs on `dist`, as a user's program would: under ts-node the compiler's memory and time would count as ours.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export type Values = Readonly<Record<string, readonly number[]>>;
export type Task = (count: number) => Values | Promise<Values>;

/**
 * Peak resident memory of this process in bytes; 0 where the system does not say.
 * Not `resourceUsage().maxRSS`: after fork and exec that starts from the parent's.
 */
export function peakBytes(): number {
  try {
    return 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

export function reply(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Says that it is ready, then does what it is asked until stdin ends. */
export async function serve(
  tasks: Readonly<Record<string, Task>>,
  versions: Readonly<Record<string, string>>,
): Promise<void> {
  reply({ ready: true, versions });
  for await (const line of createInterface({ input: process.stdin })) {
    const { task, count } = JSON.parse(line) as { task: string; count: number };
    const run = tasks[task];
    if (run === undefined) throw new Error(`serve: no task ${task}`);
    reply({ values: await run(count), peakBytes: peakBytes() });
  }
}
