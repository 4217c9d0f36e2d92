/** Runs one of the doctor's probes in a process of its own: what kills or hangs it is a finding, and nothing more. */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** What a probe found, or how it ended. */
export type Probed<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /**
       * `was killed by SIGSEGV`, `did not end within 120 s`, `ended with code 1`; or what it reported itself, an
       * error's message.
       */
      readonly ending: string;
      /** Of the error that it reported itself. */
      readonly code?: string;
      /** The end of what it wrote to standard error. */
      readonly output?: string;
    };

/** What a probe's process writes to the descriptor {@link ANSWER}. */
type Answer<T> = { readonly value: T } | { readonly error: { readonly code: string; readonly message: string } };

/** Standard output may hold what a library says of itself; the answer has a channel of its own. */
export const ANSWER = 3;

/** Most of a probe's output that is kept. */
const KEPT_OUTPUT = 2000;

/** Starts `torchwright doctor --probe <name>` and waits for its answer, for at most `timeoutMs`. */
export async function runProbe<T>(name: string, timeoutMs: number): Promise<Probed<T>> {
  const [, program = ""] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, "doctor", "--probe", name], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const output = collect(child.stdio[2]);
  const answer = collect(child.stdio[ANSWER] as Readable);
  let late = false;
  // Not to be ignored, as a library that hangs in its constructor ignores the gentler ones.
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  clearTimeout(timer);
  const said = output().trim().slice(-KEPT_OUTPUT);
  const rest = said === "" ? {} : { output: said };
  if (late) return { ok: false, ending: `did not end within ${timeoutMs / 1000} s`, ...rest };
  if (signal !== null) return { ok: false, ending: `was killed by ${signal}`, ...rest };
  const text = answer();
  if (code !== 0 || text === "") return { ok: false, ending: `ended with code ${code}`, ...rest };
  const parsed = JSON.parse(text) as Answer<T>;
  if ("value" in parsed) return { ok: true, value: parsed.value };
  return { ok: false, ending: parsed.error.message, code: parsed.error.code, ...rest };
}

function collect(stream: Readable | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
