/** What a folder that may be libtorch is: its version, variant and where its parts lie. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** A libtorch that was found: enough to compile against it and to open it. */
export interface Libtorch {
  /** Folder with `include` and `lib`. */
  readonly root: string;
  /** Release without the build's suffix, `2.13.0`. */
  readonly version: string;
  /** Build: `cpu`, or the accelerator's toolkit such as `cu130`. */
  readonly variant: string;
  /** Folders with headers. */
  readonly includeDirs: readonly string[];
  /** Folder with the libraries. */
  readonly libDir: string;
  /** The library to open, by absolute path; it pulls in all others. */
  readonly library: string;
}

const LIBRARY: Readonly<Record<string, string>> = { darwin: "libtorch.dylib", win32: "torch.dll" };
const HEADERS = ["include/torch/headeronly/version.h", "include/torch/csrc/api/include/torch/version.h"];

/**
 * Reads what lies in `folder`, which may be a wheel's `torch`, an unpacked `libtorch`, or the
 * folder around either. Returns a sentence that says what is missing when it is neither.
 */
export function describeLibtorch(folder: string): Libtorch | string {
  const absolute = path.resolve(folder);
  if (!existsSync(absolute)) return "does not exist";
  const name = LIBRARY[process.platform] ?? "libtorch.so";
  const root = [".", "torch", "libtorch"]
    .map((inner) => path.join(absolute, inner))
    .find((candidate) => existsSync(path.join(candidate, "lib", name)));
  if (root === undefined) return `has no lib/${name}, nor torch/lib/${name} or libtorch/lib/${name}`;
  const found = readVersion(root);
  if (found === undefined) return "has no readable version (version.py, build-version or version.h)";
  return {
    root,
    ...found,
    includeDirs: [path.join(root, "include"), path.join(root, "include", "torch", "csrc", "api", "include")],
    libDir: path.join(root, "lib"),
    library: path.join(root, "lib", name),
  };
}

function readVersion(root: string): Pick<Libtorch, "version" | "variant"> | undefined {
  const python = readText(root, "version.py");
  const full =
    /^__version__\s*=\s*['"]([^'"]+)['"]/m.exec(python)?.[1] ??
    (readText(root, "build-version").trim() || headerVersion(root));
  const parsed = /^(\d+\.\d+\.\d+)[^+]*(?:\+(.+))?$/.exec(full ?? "");
  if (!parsed?.[1]) return undefined;
  // A wheel of the public index carries no suffix; its version.py then names the toolkit.
  const toolkit = /^cuda\b[^=]*=\s*['"](\d+)\.(\d+)/m.exec(python);
  const variant = toolkit ? `cu${toolkit[1]}${toolkit[2]}` : /^(cpu|cu\d+|rocm[\d.]+|xpu)/.exec(parsed[2] ?? "")?.[1];
  return { version: parsed[1], variant: variant ?? variantOfLibraries(root) };
}

/** For a build of one's own, whose suffix is a commit. */
function variantOfLibraries(root: string): string {
  for (const kind of ["cuda", "hip", "xpu"]) {
    if (existsSync(path.join(root, "lib", `libtorch_${kind}.so`))) return kind;
    if (existsSync(path.join(root, "lib", `torch_${kind}.dll`))) return kind;
  }
  return "cpu";
}

function headerVersion(root: string): string | undefined {
  for (const header of HEADERS) {
    const text = readText(root, header);
    const part = (name: string) => new RegExp(`#define TORCH_VERSION_${name} (\\d+)`).exec(text)?.[1];
    const numbers = [part("MAJOR"), part("MINOR"), part("PATCH")];
    if (numbers.every((number) => number !== undefined)) return numbers.join(".");
  }
  return undefined;
}

function readText(root: string, file: string): string {
  try {
    return readFileSync(path.join(root, file), "utf8");
  } catch {
    return "";
  }
}
