/** An idle Node process beside the training, measured the same way: what the machine's load alone delays. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Delay, eventLoopDelay } from "./summary";

/** Ends and reports when its standard input does, so it never outlives the demo; Ctrl-C is the demo's to handle. */
const PROGRAM = `
  process.on("SIGINT", () => {});
  const delay = require("node:perf_hooks").monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  process.stdin.resume().once("end", () => {
    delay.disable();
    process.stdout.write(JSON.stringify({ 50: delay.percentile(50), 99: delay.percentile(99), max: delay.max }));
  });
`;

/** An idle process from `start` to `stop`. */
export class IdlePeer {
  readonly #child: ChildProcess;
  #text = "";

  private constructor() {
    this.#child = spawn(process.execPath, ["-e", PROGRAM], { stdio: ["pipe", "pipe", "ignore"] });
    this.#child.on("error", () => undefined); // without it the demo has no comparison, and that is all
    this.#child.stdout?.setEncoding("utf8").on("data", (part: string) => (this.#text += part));
  }

  /** Resolves when the process runs. */
  static async start(): Promise<IdlePeer> {
    const peer = new IdlePeer();
    await once(peer.#child, "spawn").catch(() => undefined);
    return peer;
  }

  /** Its event loop's delay; undefined where the process could not tell. */
  async stop(): Promise<Delay | undefined> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return undefined;
    const closed = once(this.#child, "close");
    this.#child.stdin?.end();
    await closed;
    try {
      const { max, ...percentiles } = JSON.parse(this.#text) as { max: number; 50: number; 99: number };
      return eventLoopDelay({ max, percentile: (p) => percentiles[p as 50 | 99] });
    } catch {
      return undefined;
    }
  }
}
