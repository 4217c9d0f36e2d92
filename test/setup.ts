/**
 * Root hooks of the suite: a test that leaves a live tensor behind fails.
 *
 * The count is taken around each test with its own hooks: a root `beforeEach` runs before and a root
 * `afterEach` after those of the test's suites, so what `before` makes and `after` frees does not count.
 * Garbage that awaits its finalizer is no leak: where the count is off, the collector runs and
 * macrotasks turn before it is believed.
 */
import type { RootHookObject } from "mocha";
import { isOpen, native } from "../lib/native/load";

/** Zero until a test has opened libtorch, so that tests without tensors stay light. */
function liveTensors(): number {
  return isOpen() ? native().memory().liveTensors : 0;
}

async function settledCount(expected: number): Promise<number> {
  for (let turn = 0; turn < 20 && liveTensors() > expected; turn += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, turn));
  }
  return liveTensors();
}

// Read by OpenMP when libtorch is opened, and inherited by child processes. Where more threads want to run than
// there are cores, teams that spin at every barrier make small models slower by a factor of fifty.
process.env["OMP_WAIT_POLICY"] ??= "passive";

let before = 0;

export const mochaHooks: RootHookObject = {
  beforeEach() {
    before = liveTensors();
  },
  async afterEach(this: Mocha.Context) {
    if (this.currentTest?.state === "failed") return;
    const left = (await settledCount(before)) - before;
    if (left > 0) {
      throw new Error(
        `"${this.currentTest?.fullTitle()}" left ${left} live tensor(s): dispose them, or wrap the body in scope()`,
      );
    }
  },
};
