/** Start-up: from the start of the process over import and opening a folder to the first prediction. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Command, sideEnvironment } from "../duel";
import { cost } from "../report";
import { commands, type Suite } from "./suite";

interface Start {
  readonly milliseconds: number;
  readonly peakBytes: number;
  readonly label: string;
}

/** Runs a command until it prints its prediction, and to its end. */
async function start({ program, args }: Command, threads: number): Promise<Start> {
  const started = performance.now();
  const child = spawn(program, [...args], { stdio: ["ignore", "pipe", "inherit"], env: sideEnvironment(threads) });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  let result: Start | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    result ??= { ...(JSON.parse(line) as Omit<Start, "milliseconds">), milliseconds: performance.now() - started };
  }
  const code = await ended;
  if (result === undefined || code !== 0) {
    throw new Error(`${program}: ended with code ${code} and ${result ? "a" : "no"} prediction`);
  }
  return result;
}

export const startupSuite: Suite = async (context) => {
  const { quick, threads } = context;
  const materials = await context.materials();
  const both = commands(context, "startup", [join(materials.folder, "model"), materials.predict.text]);
  const starts: { ours: Start[]; peer: Start[] } = { ours: [], peer: [] };
  // The first start of each brings its files into the page cache and does not count.
  for (let round = 0; round <= (quick ? 1 : 7); round++) {
    for (const who of ["ours", "peer"] as const) {
      const result = await start(both[who], threads);
      if (round > 0) starts[who].push(result);
    }
    process.stderr.write(`startup: round ${round}\n`);
  }
  const labels = new Set([...starts.ours, ...starts.peer].map(({ label }) => label));
  if (labels.size !== 1) throw new Error(`startup: the sides predict different labels: ${[...labels].join(", ")}`);
  const pick = (value: (one: Start) => number) => ({ ours: starts.ours.map(value), peer: starts.peer.map(value) });
  return {
    versions: {},
    items: [
      cost(
        "start of the process to first prediction",
        "ms",
        pick((one) => one.milliseconds),
      ),
      cost(
        "start of the process to first prediction: peak memory",
        "MB",
        pick((one) => one.peakBytes / 1e6),
      ),
    ],
  };
};
