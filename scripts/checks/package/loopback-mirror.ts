/**
 * A mirror of PyTorch's host on loopback, with one archive, which is made from the libtorch at hand: what `setup`
 * downloads, unpacks and checks as it does PyTorch's own, where no network is to be relied on.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import type { Libtorch } from "../../../lib/native/describe-libtorch";
import { PINNED_VERSION } from "../../../lib/native/locate";
import { officialArchive, VARIANTS } from "../../../lib/setup/release";
import { expect } from "./run";

export interface LoopbackMirror {
  /** As `--mirror` takes it. */
  readonly url: string;
  readonly sha256: string;
  /** Of the archive. */
  readonly bytes: number;
  /** Of the archive that PyTorch has under that path. */
  readonly officialBytes: number;
  close(): void;
}

/** Writes the archive to `file`, and serves it under the path that PyTorch's own has. */
export async function serveLibtorch(libtorch: Libtorch, file: string): Promise<LoopbackMirror> {
  const variant = VARIANTS.find((one) => one === libtorch.variant);
  expect(
    variant !== undefined && libtorch.version === PINNED_VERSION,
    `libtorch ${PINNED_VERSION} of ${VARIANTS.join(" or ")}, which setup downloads, got ${libtorch.version} ${libtorch.variant}`,
  );
  const sha256 = await writeArchive(libtorch, file);
  const bytes = statSync(file).size;
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo;
    if (
      `http://127.0.0.1:${port}${request.url}` !== officialArchive(variant, `http://127.0.0.1:${port}/pytorch`)?.url
    ) {
      return response.writeHead(404).end();
    }
    return createReadStream(file).pipe(response.writeHead(200, { "content-length": bytes }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pytorch`,
    sha256,
    bytes,
    officialBytes: officialArchive(variant)?.bytes ?? 0,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Stored, not compressed, which would take longer than all the rest. Returns its SHA-256. */
async function writeArchive({ root }: Libtorch, file: string): Promise<string> {
  const zip = new ZipFile();
  const add = (folder: string, name: string): void => {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => !one.isDirectory())) {
      const source = path.join(entry.parentPath, entry.name);
      zip.addFile(source, path.posix.join(name, path.relative(folder, source)), { compress: false });
    }
  };
  add(root, "libtorch");
  const nvidia = path.join(root, "..", "nvidia"); // a CUDA wheel's
  if (existsSync(nvidia)) add(nvidia, "nvidia");
  zip.end();
  const hash = createHash("sha256");
  zip.outputStream.on("data", (chunk: Buffer) => hash.update(chunk));
  await pipeline(zip.outputStream, createWriteStream(file));
  return hash.digest("hex");
}
