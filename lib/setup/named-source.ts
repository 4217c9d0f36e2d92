/** What `--from` names: a folder of libtorch, an archive or wheel, or a Python whose torch is copied. */
import { constants, accessSync, existsSync, openSync, readSync, closeSync, statSync } from "node:fs";
import { cp, readdir, stat } from "node:fs/promises";
import path from "node:path";
import { TorchwrightError } from "../errors";
import { describeLibtorch } from "../native/describe-libtorch";
import { locateLibtorch } from "../native/locate";
import { requireSpace } from "./disk";
import { checksumProblem } from "./download";
import { folderBytes } from "./folder-bytes";
import { makeFolder } from "../files/make-folder";
import { findPython } from "./sources";
import type { Source } from "./sources";
import { unpack } from "./unpack";

/**
 * The source that `from` means. A bare `python`, `python3`, `python3.12` is a command: `python` the one that pip is
 * asked of too. Anything else is a path; a file that is a zip archive is unpacked, another one that can be run is a
 * Python.
 *
 * @throws TorchwrightError ERR_INVALID_ARG where it is none of these, or a checksum is given for what has none
 */
export function namedSource(from: string, sha256: string | undefined, env: NodeJS.ProcessEnv = process.env): Source {
  const kind = kindOf(from);
  if (kind === undefined) {
    const got = existsSync(from) ? "a file that is neither" : "what does not exist";
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `--from: expected a folder of libtorch, an archive (.zip, .whl) or a Python, got ${from}, ${got}. ` +
        "`python` and `python3` name the Python on the path; a folder of that name is ./python.",
    );
  }
  if (sha256 !== undefined && kind !== "archive") {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `--sha256: expected an archive in --from, got ${from}, a ${kind === "folder" ? "folder" : "Python"}`,
    );
  }
  switch (kind) {
    case "folder":
      return { name: `folder ${from}`, fill: ({ staging }) => copyFolder(from, staging) };
    case "archive":
      return {
        name: `archive ${from}`,
        async fill({ staging, quiet }) {
          const problem = sha256 === undefined ? undefined : await checksumProblem(from, sha256);
          if (problem !== undefined) throw new Error(problem);
          await unpack(from, staging, quiet);
        },
      };
    case "python": {
      const python = from === "python" ? findPython(undefined, env) : from;
      return {
        name: `torch installed for ${python}`,
        fill: ({ staging }) => copyFolder(locateLibtorch({ python }, env).root, staging),
      };
    }
  }
}

function kindOf(from: string): "folder" | "archive" | "python" | undefined {
  if (/^python[\d.]*$/.test(from)) return "python";
  if (!existsSync(from)) return undefined;
  if (statSync(from).isDirectory()) return "folder";
  if (/\.(zip|whl)$/i.test(from) || startsLikeZip(from)) return "archive";
  return isExecutable(from) ? "python" : undefined;
}

function startsLikeZip(file: string): boolean {
  const start = Buffer.alloc(4);
  const handle = openSync(file, "r");
  try {
    readSync(handle, start);
  } finally {
    closeSync(handle);
  }
  return start.toString("latin1") === "PK\x03\x04";
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const KEPT = ["include", "lib", "share", "version.py", "build-version", "build-hash"];
/** What generating the operators' types reads; a wheel has it beside torch/. */
const SCHEMAS = path.join("torchgen", "packaged", "ATen", "native");

/** Copies libtorch's parts, and NVIDIA's libraries beside them, sharing blocks where the disk can. */
async function copyFolder(from: string, staging: string): Promise<void> {
  const found = describeLibtorch(from);
  if (typeof found === "string") throw new Error(`${from} ${found}`);
  const target = path.basename(found.root) === "libtorch" ? "libtorch" : "torch";
  const around = path.dirname(found.root);
  const copies = (await readdir(found.root))
    .filter((name) => KEPT.includes(name))
    .map((name) => [path.join(found.root, name), path.join(target, name)]);
  if (await exists(path.join(around, SCHEMAS, "native_functions.yaml"))) {
    copies.push(
      ...["native_functions.yaml", "tags.yaml"].map((name) => [
        path.join(around, SCHEMAS, name),
        path.join(SCHEMAS, name),
      ]),
    );
  }
  if (found.variant !== "cpu" && (await exists(path.join(around, "nvidia")))) {
    copies.push([path.join(around, "nvidia"), "nvidia"]);
  }
  let bytes = 0;
  for (const [source = ""] of copies) bytes += await folderBytes(source);
  await requireSpace(staging, bytes, `setup: a copy of ${from}`);
  for (const [source = "", copy = ""] of copies) {
    await makeFolder(path.dirname(path.join(staging, copy)));
    await cp(source, path.join(staging, copy), {
      recursive: true,
      dereference: true,
      mode: constants.COPYFILE_FICLONE,
    });
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
