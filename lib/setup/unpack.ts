/**
 * Unpacks the parts of a libtorch archive or torch wheel that compiling and running need.
 *
 * yauzl reads it: streaming, 64-bit sizes, refuses names that lead out of the folder. It leaves
 * CRCs to its caller, so they are checked here: a user's own archive has no other checksum.
 */
import { createWriteStream } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { openPromise } from "yauzl";
import type { Entry, ZipFile } from "yauzl";
import { requireSpace } from "./disk";
import { makeFolder } from "../files/make-folder";
import { transferProgress } from "./transfer-progress";

const KEPT = [
  /^(lib)?torch\/(include|share)\//,
  /^(lib)?torch\/lib\/(?!libtorch_python|.*_test\.)/,
  /^(lib)?torch\/(version\.py|build-version|build-hash)$/,
  /^torchgen\/packaged\/ATen\/native\/(native_functions|tags)\.yaml$/,
  /^nvidia\/.*\/(lib|bin)\//,
  /\.dist-info\/(licenses\/)?(LICENSE|NOTICE|License)[^/]*$/,
];

/**
 * Unpacks `archive` into `folder`, keeping its layout, which relative library paths rely on.
 *
 * @throws TorchwrightError ERR_DISK_FULL before a byte is written, where they do not fit
 */
export async function unpack(archive: string, folder: string, quiet = false): Promise<void> {
  const zip = await openPromise(archive, { autoClose: false });
  const kept: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith("/") && KEPT.some((pattern) => pattern.test(entry.fileName))) kept.push(entry);
    }
    if (kept.length === 0) throw new Error("holds neither torch/ nor libtorch/");
    const total = kept.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    await requireSpace(folder, total, `setup: unpacking ${path.basename(archive)}`);
    const progress = quiet ? undefined : transferProgress(`unpacking ${path.basename(archive)}`, total);
    let done = 0;
    for (const entry of kept) {
      await unpackEntry(zip, entry, path.join(folder, entry.fileName));
      done += entry.uncompressedSize;
      progress?.update(done);
    }
    progress?.finish();
  } finally {
    zip.close();
  }
}

async function unpackEntry(zip: ZipFile, entry: Entry, file: string): Promise<void> {
  const mode = entry.externalFileAttributes >>> 16;
  if ((mode & 0o170000) === 0o120000) throw new Error(`${entry.fileName} is a symbolic link, which is not expected`);
  await makeFolder(path.dirname(file));
  let sum = 0;
  await pipeline(
    await zip.openReadStreamPromise(entry),
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        sum = crc32(chunk, sum);
        yield chunk;
      }
    },
    createWriteStream(file, mode & 0o111 ? { mode: 0o755 } : {}),
  );
  if (sum !== entry.crc32) throw new Error(`${entry.fileName} is damaged (CRC)`);
}
