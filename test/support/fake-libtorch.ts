/** A folder, archive or Python that looks like libtorch to what looks for it, made of a few bytes. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { crc32 } from "node:zlib";

export const LIBRARY =
  process.platform === "darwin" ? "libtorch.dylib" : process.platform === "win32" ? "torch.dll" : "libtorch.so";

/** Writes a libtorch folder and returns its path. */
export function fakeLibtorch(root: string, version = "2.13.0+cpu"): string {
  for (const [name, text] of Object.entries(fakeFiles(version))) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), text);
  }
  return root;
}

export function fakeFiles(version = "2.13.0+cpu"): Record<string, string> {
  return {
    "version.py": `__version__ = '${version}'\n`,
    [`lib/${LIBRARY}`]: "library",
    "include/ATen/ATen.h": "#pragma once\n",
  };
}

/** An archive as published: the folder's files under `torch/`. Written by hand, stored, so that its length is exact. */
export function fakeArchive(version = "2.13.0+cpu", extra: Readonly<Record<string, string>> = {}): Buffer {
  const files = Object.entries(fakeFiles(version)).map(([name, text]) => [`torch/${name}`, text] as const);
  return zip([...files, ...Object.entries(extra)]);
}

/** A zip file with stored entries (APPNOTE 4.3). */
export function zip(files: readonly (readonly [string, string])[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of files) {
    const data = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0); // version needed
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, rest, Buffer.from(name)]));
    bodies.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, central, Buffer.from("PK\x05\x06"), end]);
}

/** A program that stands for Python: answers `-m pip …` with `report`, or fails with `stderr`. */
export function fakePython(file: string, pip: { report?: unknown; stderr?: string }): string {
  const body =
    pip.stderr === undefined
      ? `process.stdout.write(${JSON.stringify(JSON.stringify(pip.report))});`
      : `process.stderr.write(${JSON.stringify(pip.stderr)}); process.exit(1);`;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(
    file,
    `#!${process.execPath}\nrequire("fs").appendFileSync(__filename + ".calls", process.argv.slice(2).join(" ") + "\\n");\n${body}\n`,
  );
  chmodSync(file, 0o755);
  return file;
}
