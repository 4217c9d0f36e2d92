/**
 * A Python that has the reference: PyTorch and transformers at the pinned versions.
 *
 * Only comparisons need it (`npm run parity`, `npm run bench`, the check of saved folders). It is the
 * interpreter that `TORCHWRIGHT_PYTHON` names, or a virtual environment in the user's cache, made on
 * first use by the user's own pip, so that mirrors, proxies and local wheels are honoured.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { createInterface } from "node:readline";
import { TorchwrightError } from "../lib/errors";
import { cacheFolder } from "../lib/native/locate";

const SCRIPTS = __dirname;
const REQUIREMENTS = join(SCRIPTS, "golden", "requirements.txt");
const WINDOWS = process.platform === "win32";

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Resolves when the program ended with code 0; its output goes to standard error. */
async function runProgram(command: string, args: readonly string[]): Promise<void> {
  const code = await endOf(spawn(command, args, { stdio: ["ignore", 2, 2] }));
  if (code !== 0) throw new Error(`"${command} ${args.join(" ")}" ended with code ${code}`);
}

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

/** Python inside a virtual environment. */
function interpreter(environment: string): string {
  return WINDOWS ? join(environment, "Scripts", "python.exe") : join(environment, "bin", "python");
}

/**
 * Path of a Python interpreter with the packages of `scripts/golden/requirements.txt`.
 * @throws ERR_FETCH_FAILED with the reason and the ways out
 */
export async function referencePython(): Promise<string> {
  const named = process.env["TORCHWRIGHT_PYTHON"];
  return named ? named : pythonWith(REQUIREMENTS, "the comparison", "TORCHWRIGHT_PYTHON");
}

/**
 * Path of a Python interpreter with the packages of a file, in a virtual environment in the user's cache that is made
 * where there is none for it.
 * @param variable names an interpreter of the user's in its place, for the message
 * @throws ERR_FETCH_FAILED with the reason and the ways out
 */
export async function pythonWith(requirements: string, purpose: string, variable: string): Promise<string> {
  const version = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex")
    .slice(0, 12);
  const place = join(cacheFolder(), "python", version);
  if (await exists(interpreter(place))) return interpreter(place);

  const base = process.env["PYTHON"] ?? (WINDOWS ? "python" : "python3");
  process.stderr.write(`making a Python environment for ${purpose}, once, in ${place}\n`);
  await mkdir(dirname(place), { recursive: true });
  // Made beside its place and renamed, so that an interrupted installation leaves nothing half-done. An
  // environment may be renamed as long as its pip is called through `python -m pip`.
  const work = await mkdtemp(join(dirname(place), ".make-"));
  try {
    await runProgram(base, ["-m", "venv", work]);
    await runProgram(interpreter(work), [
      "-m",
      "pip",
      "install",
      "--disable-pip-version-check",
      "--requirement",
      requirements,
    ]);
    await rename(work, place).catch(async (error: unknown) => {
      if (!(await exists(interpreter(place)))) throw error; // else another run was first
    });
    return interpreter(place);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TorchwrightError(
      "ERR_FETCH_FAILED",
      `Python for ${purpose}: expected "${base} -m venv" and pip to install ${relative(dirname(SCRIPTS), requirements)}, got: ${reason}. ` +
        "Point pip at a mirror or a folder of wheels (PIP_INDEX_URL, PIP_FIND_LINKS), or name an interpreter that has " +
        `these packages in ${variable}`,
      { cause },
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Runs a script of this folder and resolves with the JSON of its last line; its standard error is shown.
 * @throws Error where it ends with another code than 0 and printed no JSON
 */
export async function runReference(python: string, script: string, args: readonly string[]): Promise<unknown> {
  const child = spawn(python, [join(SCRIPTS, script), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = endOf(child);
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) last = line;
  const code = await ended;
  try {
    return JSON.parse(last);
  } catch {
    throw new Error(
      `${script}: expected JSON as its last line, got ${JSON.stringify(last.slice(0, 200))} and exit code ${code}`,
    );
  }
}
