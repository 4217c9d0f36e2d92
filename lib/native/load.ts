/**
 * The one door to native code. libtorch is opened at first use, not on import, so that importing is
 * cheap and what is missing is said by the call that needs it.
 */
import { realpathSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { TorchwrightError } from "../errors";
import type { ErrorCode } from "../errors";
import { ERROR_CODES } from "../errors";
import type { LoaderAddon, NativeAddon } from "./addon";
import type { DriverProperties } from "./device-statistics";
import { muslHint } from "./addon-folder";
import { callBack, forgetCallbacks } from "./callbacks";
import { chooseAddons, reason, requireAddon } from "./choose-addons";
import type { Libtorch } from "./describe-libtorch";
import type { LocateOptions } from "./locate";
import { outOfMemory } from "./out-of-memory";

/** Longer than any single operator, shorter than a user's patience. */
const SHUTDOWN_TIMEOUT_MS = 10_000;

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
 * @throws TorchwrightError ERR_ADDON_NOT_BUILT, ERR_LIBTORCH_NOT_FOUND, ERR_LIBTORCH_VERSION, ERR_LIBTORCH_LOAD,
 *   ERR_TWO_COPIES
 */
export function native(): NativeAddon {
  return (opened ?? open()).addon;
}

/** What NVIDIA's driver says of a CUDA device, by its number; undefined where the driver does not answer. */
export function driverProperties(device: number): DriverProperties | undefined {
  return open().loader.deviceProperties(device);
}

function open(): Opened {
  if (opened) return opened;
  const { folder, loader, libtorch, owner } = chooseAddons(wanted);
  const first = claimProcess(loader, `${owner} with ${realpathSync(libtorch.library)}`);
  try {
    // Before the second addon, which finds the opened library by its name, and before anything asks about CUDA.
    loader.open(libtorch.library);
  } catch (cause) {
    if (first) loader.claim(process.pid, undefined); // it is a worker's that came before, otherwise
    throw loadFailed(libtorch, cause);
  }
  const addon = requireAddon<NativeAddon>(folder, "torchwright.node");
  addon.initialize(
    (code, message, shortage) =>
      shortage
        ? outOfMemory(message, shortage)
        : new TorchwrightError(isErrorCode(code) ? code : "ERR_NATIVE", message),
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

/**
 * One copy of this package with one libtorch for each process, since libtorch's allocator and settings are the
 * process's. Workers share them. True where this is the first to open it.
 */
function claimProcess(loader: LoaderAddon, mine: string): boolean {
  const owner = loader.claim(process.pid, mine);
  if (owner === undefined || owner === mine) return owner === undefined;
  throw new TorchwrightError(
    "ERR_TWO_COPIES",
    `native addon: expected one copy of torchwright in a process, with one libtorch, got ${mine} after ${owner} had opened libtorch. ` +
      "Two copies, of one version or of two, would install allocators and settings over each other. " +
      "`npm ls torchwright` shows who brings them, `npm dedupe` merges what can be one; otherwise run one of them in a child process.",
  );
}

function loadFailed(libtorch: Libtorch, cause: unknown): TorchwrightError {
  const remedy =
    libtorch.variant === "cpu"
      ? "A library it needs is missing, or the folder is damaged; fetch it again: npx torchwright setup --force"
      : "A CUDA build needs NVIDIA's libraries beside it (../nvidia/*/lib) or on the loader's path; " +
        "npx torchwright setup --cuda --force brings them.";
  return new TorchwrightError(
    "ERR_LIBTORCH_LOAD",
    `libtorch: could not open ${libtorch.library}: ${reason(cause)}. ${remedy}${muslHint()}`,
    { cause },
  );
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
