/**
 * The one door to native code. libtorch is opened at first use, not on import, so that importing is
 * cheap and what is missing is said by the call that needs it.
 */
import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { isMainThread } from "node:worker_threads";
import { TorchwrightError } from "../errors";
import type { ErrorCode } from "../errors";
import { ERROR_CODES } from "../errors";
import type { DriverProperties, LoaderAddon, NativeAddon } from "./addon";
import { callBack, forgetCallbacks } from "./callbacks";
import type { Libtorch } from "./describe-libtorch";
import { locateLibtorch, majorMinor, SUPPORTED_VERSIONS } from "./locate";
import type { LocateOptions } from "./locate";
import { outOfMemory } from "./out-of-memory";

/** Longer than any single operator, shorter than a user's patience. */
const SHUTDOWN_TIMEOUT_MS = 10_000;

const packageRoot = path.join(__dirname, "..", "..");
const load = createRequire(__filename);

interface Opened {
  readonly addon: NativeAddon;
  readonly loader: LoaderAddon;
  readonly libtorch: Libtorch;
}

let wanted: LocateOptions = {};
let opened: Opened | undefined;

/**
 * Says where libtorch is, in place of `LIBTORCH` and the cache. To be called before the first use.
 *
 * @throws TorchwrightError ERR_INVALID_ARG when libtorch is open already.
 */
export function useLibtorch(options: LocateOptions): void {
  if (opened) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `useLibtorch: expected a call before libtorch is first used, got one after ${opened.libtorch.root} was opened`,
    );
  }
  wanted = options;
}

/** The libtorch of this process: where it lies, its version and variant. Opens it when it is not open. */
export function libtorchInfo(): Libtorch {
  return open().libtorch;
}

/** Whether libtorch has been opened in this environment. Opens nothing. */
export function isOpen(): boolean {
  return opened !== undefined;
}

/**
 * The native addon.
 *
 * @throws TorchwrightError ERR_ADDON_NOT_BUILT, ERR_LIBTORCH_NOT_FOUND, ERR_LIBTORCH_VERSION, ERR_LIBTORCH_LOAD, ERR_TWO_COPIES
 */
export function native(): NativeAddon {
  return (opened ?? open()).addon;
}

/** What NVIDIA's driver says of a CUDA device, by its number; undefined where the driver does not answer. */
export function driverProperties(device: number): DriverProperties | undefined {
  return open().loader.deviceProperties(device);
}

/**
 * Folder that holds both addons: prebuilt ones first, as in a published package, then a checkout's build.
 * `TORCHWRIGHT_ADDONS` names another build of this checkout, such as the sanitized one.
 */
function addonFolder(): string {
  if (process.env.TORCHWRIGHT_ADDONS) return path.resolve(process.env.TORCHWRIGHT_ADDONS);
  // node-gyp-build would take build/Release first.
  const prebuilt = path.join(packageRoot, "prebuilds", `${process.platform}-${process.arch}`);
  if (existsSync(path.join(prebuilt, "loader.node"))) return prebuilt;
  const nodeGypBuild = load("node-gyp-build") as { resolve(folder: string): string };
  try {
    return path.dirname(nodeGypBuild.resolve(packageRoot));
  } catch (cause) {
    throw notBuilt(`found neither in prebuilds/${process.platform}-${process.arch} nor in build/Release`, cause);
  }
}

function notBuilt(what: string, cause: unknown): TorchwrightError {
  return new TorchwrightError(
    "ERR_ADDON_NOT_BUILT",
    `native addon: expected loader.node and torchwright.node in ${packageRoot}, ${what}. ` +
      "In a checkout, `npm install` (or `npm run compile`) builds them and says what it lacks; " +
      `otherwise this package has no prebuilt addon for ${process.platform}-${process.arch}.`,
    { cause },
  );
}

function open(): Opened {
  if (opened) return opened;
  const folder = addonFolder();
  const loader = requireAddon<LoaderAddon>(folder, "loader.node");
  const libtorch = locateLibtorch({ version: loader.headersVersion, ...wanted });
  checkVersion(libtorch, loader.headersVersion);
  claimProcess(loader, folder);
  try {
    // Before the second addon, which finds the opened library by its name, and before anything asks about CUDA.
    loader.open(libtorch.library);
  } catch (cause) {
    loader.claim(process.pid, undefined);
    throw loadFailed(libtorch, cause);
  }
  const addon = requireAddon<NativeAddon>(folder, "torchwright.node");
  addon.initialize(
    (code, message, shortage) =>
      shortage ? outOfMemory(message, shortage) : new TorchwrightError(isErrorCode(code) ? code : "ERR_NATIVE", message),
    callBack,
    forgetCallbacks,
  );
  if (isMainThread) {
    // exit() beside a running operator is a segmentation fault, and cleanup hooks do not run on the
    // main thread at process.exit. In a worker the addon's own hook joins.
    process.on("exit", (code) => {
      if (!addon.shutdown(SHUTDOWN_TIMEOUT_MS)) addon.exitNow(code);
    });
  }
  opened = { addon, loader, libtorch };
  return opened;
}

/** One copy of this package for each process, since libtorch's allocator and settings are the process's. Workers share a copy. */
function claimProcess(loader: LoaderAddon, folder: string): void {
  const mine = realpathSync(folder);
  const owner = loader.claim(process.pid, mine);
  if (owner === mine) return;
  throw new TorchwrightError(
    "ERR_TWO_COPIES",
    `native addon: expected one copy of torchwright in a process, got ${mine} after ${owner} had opened libtorch. ` +
      "Two copies, of one version or of two, would install allocators and settings over each other. " +
      "`npm ls torchwright` shows who brings them, `npm dedupe` merges what can be one; otherwise run one of them in a child process.",
  );
}

function requireAddon<T>(folder: string, name: string): T {
  const file = path.join(folder, name);
  if (!existsSync(file)) throw notBuilt(`${file} is missing`, undefined);
  try {
    return load(file) as T;
  } catch (cause) {
    throw notBuilt(`${file} could not be opened (${reason(cause)})`, cause);
  }
}

function checkVersion(libtorch: Libtorch, headers: string): void {
  const release = majorMinor(libtorch.version);
  if (release === majorMinor(headers) && SUPPORTED_VERSIONS.includes(release)) return;
  throw new TorchwrightError(
    "ERR_LIBTORCH_VERSION",
    `libtorch: expected version ${majorMinor(headers)} (the addon was built with ${headers}), got ${libtorch.version} in ` +
      `${libtorch.root}. Fetch the right one (npx torchwright setup), point LIBTORCH to it, or, in a checkout, ` +
      `rebuild for this one: LIBTORCH=${libtorch.root} npm run compile (releases ${SUPPORTED_VERSIONS.join(", ")}).`,
  );
}

function loadFailed(libtorch: Libtorch, cause: unknown): TorchwrightError {
  const remedy =
    libtorch.variant === "cpu"
      ? "A library it needs is missing, or the folder is damaged; fetch it again: npx torchwright setup --force"
      : "A CUDA build needs NVIDIA's libraries beside it (../nvidia/*/lib) or on the loader's path; " +
        `npx torchwright setup --variant ${libtorch.variant} brings them.`;
  return new TorchwrightError(
    "ERR_LIBTORCH_LOAD",
    `libtorch: could not open ${libtorch.library}: ${reason(cause)}. ${remedy}`,
    { cause },
  );
}

function reason(cause: unknown): string {
  return cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
