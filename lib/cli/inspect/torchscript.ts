/**
 * Looks at a TorchScript file as data: its archive, its class and the signature in its source. Nothing of it is run or
 * compiled.
 */
import { open, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { inflateRawSync } from "node:zlib";
import { TorchwrightError } from "../../errors";
import { readDirectory, STORED, verifyEntry, type ZipEntry, zipSource } from "../../jit/zip-directory";
import { formatBytes } from "../../native/out-of-memory";
import { pairs } from "../output/print";
import type { Findings } from "./findings";

/** Of a source file; a model's is some hundred kilobytes. */
const LONGEST_SOURCE = 64 * 1024 * 1024;

/** Protocol 2, then GLOBAL: module and name of the class, each with a line end. */
const ROOT = /^\x80\x02c([^\n]{1,1000})\n([^\n]{1,1000})\n/; // eslint-disable-line no-control-regex -- bytes of a pickle

interface Signature {
  readonly arguments: readonly { readonly name: string; readonly type: string; readonly default?: string }[];
  readonly returns: string;
}

/** Throws ERR_FILE_NOT_FOUND; ERR_SCRIPT_LOAD for what is no whole TorchScript archive. */
export async function inspectTorchScript(name: string): Promise<Findings> {
  const file = await open(name, "r").catch((cause: unknown) => {
    throw new TorchwrightError(
      "ERR_FILE_NOT_FOUND",
      `inspect: expected a file, got ${name}: ${(cause as Error).message}`,
      { cause },
    );
  });
  try {
    return findings(name, await readArchive(name, file));
  } catch (cause) {
    throw new TorchwrightError(
      "ERR_SCRIPT_LOAD",
      `inspect: expected an undamaged TorchScript archive (torch.jit.save), got ${name}: ${(cause as Error).message}`,
      { cause },
    );
  } finally {
    await file.close();
  }
}

interface Archive {
  readonly root: string;
  readonly source: string;
  readonly entries: readonly ZipEntry[];
}

async function readArchive(name: string, file: FileHandle): Promise<Archive> {
  const source = await zipSource(name, file);
  const entries = await readDirectory(source);
  const content = async (entry: ZipEntry): Promise<Buffer> => {
    const bytes = Buffer.alloc(entry.size);
    await file.read(bytes, 0, entry.size, await verifyEntry(source, entry));
    return entry.method === STORED ? bytes : inflateRawSync(bytes, { maxOutputLength: LONGEST_SOURCE });
  };
  const code: string[] = [];
  let root: string | undefined;
  for (const entry of entries) {
    const inside = entry.name.slice(entry.name.indexOf("/") + 1);
    if (inside === "data.pkl") {
      root = ROOT.exec((await content(entry)).toString("latin1"))
        ?.slice(1)
        .join(".");
    } else if (/^code\/.*\.py$/.test(inside)) code.push((await content(entry)).toString("utf8"));
    else await verifyEntry(source, entry);
  }
  if (root?.startsWith("__torch__") !== true || code.length === 0) {
    throw new Error("it has no TorchScript module in it");
  }
  return { root, source: code.join("\n"), entries };
}

function findings(name: string, { root, source, entries }: Archive): Findings {
  const forward = signatureOf(root, source);
  const tensors = entries.filter(({ name: inside }) => /^[^/]+\/(?:data|constants)\/\d+$/.test(inside));
  const value = {
    kind: "torchscript",
    file: name,
    class: root.replace(/^__torch__\./, "").replace(/___torch_mangle_\d+\./g, ""),
    forward,
    traced: entries.some(({ name: inside }) => inside.endsWith("/traced_inputs.pkl")),
    tensors: tensors.length,
    tensorBytes: tensors.reduce((sum, { size }) => sum + size, 0),
    checksums: entries.length,
  };
  const sections = [
    pairs("Module", [
      ["class", value.class],
      ["made by", value.traced ? "tracing: train() and eval() may not switch its dropout" : "scripting"],
      ["tensors", `${value.tensors}, ${formatBytes(value.tensorBytes)}`],
      ["checksums", `${value.checksums} entries, all whole`],
    ]),
    forward
      ? pairs("forward", [
          ...forward.arguments.map(
            ({ name: argument, type, default: preset }) =>
              [argument, preset === undefined ? type : `${type} = ${preset}`] as const,
          ),
          ["gives", forward.returns],
        ])
      : pairs("forward", [["", "there is none"]]),
  ];
  return { heading: `TorchScript module in ${path.basename(name)}`, value, sections };
}

/** Of `forward` of the class, as the source has it. */
function signatureOf(root: string, source: string): Signature | undefined {
  const escaped = root.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const found = new RegExp(`def forward\\(self: ${escaped}(?:,\\s*([^:][\\s\\S]*?))?\\) -> ([^\\n]+):\\n`).exec(source);
  if (!found) return undefined;
  const [, given = "", returns = ""] = found;
  const named = splitAtCommas(given).map((one) => /^(\w+): (.+?)(?:=(.+))?$/s.exec(one));
  return {
    arguments: named.flatMap((parts) =>
      parts
        ? [{ name: parts[1] as string, type: parts[2] as string, ...(parts[3] !== undefined && { default: parts[3] }) }]
        : [],
    ),
    returns,
  };
}

/** Commas inside of brackets part nothing. */
function splitAtCommas(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    depth += "[(".includes(character) ? 1 : "])".includes(character) ? -1 : 0;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}
