/** Opens TorchScript files that Python exported. */
import { describe, TorchwrightError } from "../errors";
import { resolveDevice } from "../tensor/device";
import { verifyArchive } from "./archive";
import { ScriptModule } from "./script-module";

/**
 * Opens a TorchScript archive, scripted or traced, after checking its checksums.
 *
 * **A TorchScript file is code: load only what you trust.** Weights alone belong into safetensors.
 *
 * A module that was traced has no `train()`/`eval()` switch inside: its dropout stays as it was at tracing
 * (a warning says so), and devices that tracing wrote into its code are rewritten to `device`.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND, ERR_SCRIPT_LOAD, ERR_UNKNOWN_DEVICE, ERR_DEVICE_UNAVAILABLE
 */
export async function loadScriptModule(
  path: string,
  options: {
    /** Where its tensors go. Default: CUDA where there is one. */
    readonly device?: string;
  } = {},
): Promise<ScriptModule> {
  if (typeof path !== "string") {
    throw new TorchwrightError("ERR_INVALID_ARG", `jit.load: expected a path, got ${describe(path)}`);
  }
  const device = resolveDevice(options.device);
  await verifyArchive(path);
  const module = await ScriptModule.open(path, device);
  if (module.hasBakedDropout) {
    process.emitWarning(
      `${path} was traced: its dropout is fixed as it was at tracing, and train() and eval() do not switch it. ` +
        "Export with torch.jit.script where dropout matters.",
      { type: "TorchwrightWarning", code: "WARN_BAKED_DROPOUT" },
    );
  }
  return module;
}

/**
 * `jit.load(path)`, as `torch.jit.load`.
 * @namespace
 */
export const jit = { load: loadScriptModule } as const;
