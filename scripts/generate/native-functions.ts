/** What libtorch's `native_functions.yaml` alone knows: which overloads PyTorch offers as methods. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Libtorch } from "../../lib/native/describe-libtorch";
import { referencePython } from "../python-env";

const FILE = path.join("packaged", "ATen", "native", "native_functions.yaml");
const PYTHON = "import torch, torchgen; print(torch.__version__); print(*torchgen.__path__)";

/**
 * The file of this libtorch: beside `torch/`, as in the torch wheel. libtorch's own archive has none; then the
 * reference Python's torch is asked, if it is of the same version.
 *
 * @throws Error when neither has it
 */
export async function nativeFunctions({ root, version }: Libtorch): Promise<string> {
  const beside = path.join(root, "..", "torchgen", FILE);
  if (existsSync(beside)) return readFileSync(beside, "utf8");
  let reason: string;
  try {
    const [found = "", folder = ""] = execFileSync(await referencePython(), ["-c", PYTHON], { encoding: "utf8" }).split(
      "\n",
    );
    const file = path.join(folder, FILE);
    if (release(found) === release(version) && existsSync(file)) return readFileSync(file, "utf8");
    reason = `the reference Python has torch ${found}, not ${version}, or not the file`;
  } catch (error) {
    reason = `the reference Python has no torch (${error instanceof Error ? error.message.split("\n")[0] : String(error)})`;
  }
  throw new Error(
    `generate: expected ${beside}, which the torch wheel carries and libtorch's own archive does not; ${reason}. ` +
      "Take libtorch from a wheel, or from a Python that has one: npx torchwright setup --from <wheel, or python>",
  );
}

/** `2.13.0+cpu` → `2.13.0`. */
export function release(version: string): string {
  return version.replace(/\+.*/, "");
}

/** Overloads that the file offers as methods, `add.Tensor`. */
export function parseMethods(yaml: string): ReadonlySet<string> {
  const methods = new Set<string>();
  let current = "";
  for (const line of yaml.split("\n")) {
    current = /^- func: ([\w.]+)\(/.exec(line)?.[1] ?? current;
    if (/^\s+variants:.*\bmethod\b/.test(line)) methods.add(current);
  }
  return methods;
}
