/** Every environment of a process computes with as many threads as libtorch would use. */
import path from "node:path";
import { Worker } from "node:worker_threads";
import { expect } from "chai";
import { numThreads } from "../../lib/tensor/device";
import { REGISTER } from "../support/register";

const LIBRARY = path.join(__dirname, "..", "..", "lib", "index");

/** `numThreads()` of a new worker, after its first use of libtorch. */
function threadsOfWorker(): Promise<number> {
  const code = `
    require(${JSON.stringify(REGISTER)});
    const { numThreads, Tensor } = require(${JSON.stringify(LIBRARY)});
    Tensor.from([1, 2]).sum().read().then(() => require("node:worker_threads").parentPort.postMessage(numThreads()));`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true });
    worker.once("message", (threads: number) => void worker.terminate().then(() => resolve(threads)));
    worker.once("error", reject);
  });
}

describe("the number of threads", () => {
  it("is the same in the main thread and in workers, before and after each other's first use", async () => {
    const main = numThreads();
    const workers = [await threadsOfWorker(), await threadsOfWorker()];
    expect([numThreads(), ...workers]).to.deep.equal([main, main, main]);
  });
});
