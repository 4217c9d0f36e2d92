/** SHA-256 of files, off the JavaScript thread where they are large. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";

/** Up to this many bytes in all, hashing takes a few milliseconds: less than a worker needs to start. */
const SMALL = 4 << 20;

/** Plain JavaScript, so that it runs as it is from sources, from `dist` and inside a bundle. */
const PROGRAM = `
const { createHash } = require("node:crypto");
const { closeSync, openSync, readSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
const chunk = Buffer.alloc(1 << 20);
parentPort.postMessage(workerData.map((file) => {
  const hash = createHash("sha256");
  const handle = openSync(file, "r");
  try {
    for (let bytes; (bytes = readSync(handle, chunk, 0, chunk.length, null)) > 0; ) hash.update(chunk.subarray(0, bytes));
  } finally {
    closeSync(handle);
  }
  return hash.digest("hex");
}));
`;

/** The digests in hexadecimal, in the files' order. Fails as reading does. */
export async function hashFiles(files: readonly string[]): Promise<readonly string[]> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  if (sizes.reduce((sum, size) => sum + size, 0) > SMALL) return await hashInWorker(files);
  return await Promise.all(
    files.map(async (file) =>
      createHash("sha256")
        .update(await readFile(file))
        .digest("hex"),
    ),
  );
}

function hashInWorker(files: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    // Without the flags of this process: what it preloads would be loaded by the worker, too.
    const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: files });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`hashing ended with code ${code}`)));
  });
}
