/**
 * What notebooks run in: a Python with Jupyter's `nbconvert`, and the kernel tslab. Both are made once in the user's
 * cache, by the user's own pip and npm.
 *
 * The kernel is no development dependency of the package, because its TypeScript 5.0 would take the place of ours among
 * the programs of `node_modules`.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { TorchwrightError } from "../../lib/errors";
import { cacheFolder } from "../../lib/native/locate";
import { pythonWith } from "../python-env";

const KERNEL = join(__dirname, "kernel");
const END_WITH_PARENT = join(__dirname, "end-with-parent.js");

export interface NotebookEnvironment {
  /** Has `nbconvert` and `jupyter_client`. */
  readonly python: string;
  /** For the variable `JUPYTER_PATH`: where the kernel "tslab" is. */
  readonly jupyterPath: string;
}

/** @throws ERR_FETCH_FAILED with the reason and the ways out */
export async function notebookEnvironment(): Promise<NotebookEnvironment> {
  const named = process.env["TORCHWRIGHT_JUPYTER_PYTHON"];
  const python = named
    ? named
    : await pythonWith(join(__dirname, "requirements.txt"), "notebooks", "TORCHWRIGHT_JUPYTER_PYTHON");
  return { python, jupyterPath: await kernelFolder() };
}

/** The folder that Jupyter finds the kernel in. */
async function kernelFolder(): Promise<string> {
  const lock = await readFile(join(KERNEL, "package-lock.json"));
  const place = join(cacheFolder(), "notebooks", createHash("sha256").update(lock).digest("hex").slice(0, 12));
  const program = join(place, "node_modules/tslab/bin/tslab");
  if (!(await exists(program))) await installKernel(place);
  const spec = {
    // Not through the environment's node: that of this process is known to open the addon.
    argv: [process.execPath, "-r", END_WITH_PARENT, program, "kernel", "--config-path", "{connection_file}"],
    display_name: "TypeScript",
    language: "typescript",
    interrupt_mode: "signal",
  };
  // Where a notebook's folder has no types of Node, the kernel looks for them below itself, as where it is installed
  // globally.
  await mkdir(join(place, "node_modules/tslab/node_modules"), { recursive: true });
  await symlink(
    join(place, "node_modules/@types"),
    join(place, "node_modules/tslab/node_modules/@types"),
    "junction",
  ).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await mkdir(join(place, "kernels/tslab"), { recursive: true });
  await writeFile(join(place, "kernels/tslab/kernel.json"), JSON.stringify(spec));
  return place;
}

/** Made beside its place and renamed, so that an interrupted installation leaves nothing half-done. */
async function installKernel(place: string): Promise<void> {
  process.stderr.write(`installing the notebooks' kernel, once, in ${place}\n`);
  await mkdir(dirname(place), { recursive: true });
  const work = await mkdtemp(join(dirname(place), ".make-"));
  try {
    await cp(KERNEL, work, { recursive: true });
    // Its binaries are in the packages: no script has anything to do.
    await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: work,
      shell: process.platform === "win32",
    });
    await rename(work, place).catch(async (error: unknown) => {
      if (!(await exists(place))) throw error; // else another run was first
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TorchwrightError(
      "ERR_FETCH_FAILED",
      `notebooks: expected npm to install scripts/notebooks/kernel/package.json, got: ${reason}. Check that "npm ping" works, or point npm at a mirror (npm config set registry)`,
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
