/**
 * Makes the calls `from` to `to` of a run and writes down what became of each:
 * `child.ts <seed> <from> <to> <outcomes> <findings>`. With `--describe` it prints each call as well.
 */
import { appendFileSync, openSync, rmSync, writeSync } from "node:fs";
import { TorchwrightError } from "../../lib/errors";
import { native } from "../../lib/native/load";
import { scope } from "../../lib/tensor/scope";
import type { Call } from "./call";
import { describeCall } from "./call";
import { FOLDER } from "./arguments";
import { entryCall } from "./entry-calls";
import { callableOperators, operatorCall } from "./operator-calls";
import { outcomeOfCode, PLANTED, RUNNING, SUCCEEDED, UNCODED } from "./outcome";
import { Random } from "./random";
import { goodCalls, spoiledCall } from "./spoiled-calls";
import { family, type Family } from "./tensors";
import { Planted } from "./values";

const [, , seed = "0", from = "0", to = "0", outcomes = "", findings = "", describe = ""] = process.argv;
const SMALLEST_HANDLE = 2 ** 26;
const MAKES_MODULES = /^native (?:compileModule|loadModule|submodule)$/;

let current = -1;
let text = (): string => "";

function report(error: unknown): void {
  const message = error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ""}` : String(error);
  appendFileSync(findings, `${JSON.stringify({ index: current, call: text(), error: message.slice(0, 2000) })}\n`);
}

/** Handles that an entry point gave out raw. */
function release(result: unknown): void {
  if (typeof result === "number" && result >= SMALLEST_HANDLE && native().isLive(result)) native().release(result);
  else if (Array.isArray(result) && result.length < 100) result.forEach(release);
}

async function make(call: Call): Promise<number> {
  try {
    const result: unknown = await call.run();
    if (MAKES_MODULES.test(call.what)) native().releaseModule(result as number);
    else if (call.what.startsWith("native ")) release(result);
    return SUCCEEDED;
  } catch (error) {
    if (error instanceof TorchwrightError) return outcomeOfCode(error.code);
    if (error instanceof Planted) return PLANTED;
    report(error);
    return UNCODED;
  }
}

async function main(): Promise<void> {
  process.on("unhandledRejection", report);
  const file = openSync(outcomes, "r+");
  const byte = Buffer.alloc(1);
  const targets = callableOperators();
  const goods = goodCalls();
  const draw = (random: Random, usual: Family): Call => {
    const kind = random.below(10);
    if (kind < 4) return operatorCall(random, targets, usual);
    return kind < 8 ? spoiledCall(random, goods) : entryCall(random, usual);
  };
  const threads = native().numThreads();
  for (current = Number(from); current < Number(to); current++) {
    const random = new Random(Number(seed), current);
    native().manualSeed(current);
    text = () => "(its arguments were being made)";
    byte[0] = RUNNING;
    writeSync(file, byte, 0, 1, current);
    const outcome = await scope(async () => {
      const usual = family(random);
      let call: Call;
      try {
        call = draw(random, usual);
      } catch (error) {
        // A tensor of that kind cannot be made; its operators are called on purpose elsewhere.
        if (error instanceof TorchwrightError) return outcomeOfCode(error.code);
        throw error;
      }
      text = () => describeCall(call);
      if (describe) process.stdout.write(`${current}: ${text()}\n`);
      return await make(call);
    });
    byte[0] = outcome;
    writeSync(file, byte, 0, 1, current);
    native().setModes(true, false, undefined, undefined);
    native().setCallStack(undefined);
    if (native().numThreads() !== threads) native().setNumThreads(threads);
    // Finalizers and promises get their turn, as in a program.
    if (current % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

main()
  .catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => {
    process.chdir("/");
    rmSync(FOLDER, { recursive: true, force: true });
  });
