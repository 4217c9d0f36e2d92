/**
 * Every public error of Torchwright and its code, in one table.
 *
 * A message reads *operation: expected X, got Y*; the remedy, where there is one, ends it.
 * Codes are stable: programs may switch on them.
 */

/** What each code means, in one sentence; the table is the documentation of the codes. */
export const ERROR_CODES = {
  // installing and opening libtorch
  ERR_LIBTORCH_NOT_FOUND: "No libtorch was found in any of the places that are looked at.",
  ERR_LIBTORCH_VERSION: "The libtorch that was found is not the version that the addon was built for.",
  ERR_LIBTORCH_LOAD: "libtorch was found, but the system's loader could not open it.",
  ERR_ADDON_NOT_BUILT: "The native addon is neither prebuilt nor built for this system.",
  ERR_TWO_COPIES: "Another copy or version of this package uses libtorch in this process already.",
  ERR_BUILD_FAILED: "The native addon did not compile, or what was compiled does not open.",
  ERR_FETCH_FAILED: "No source of libtorch or of the demo's data worked.",
  ERR_PREREQUISITE: "A program that the build needs is missing or too old.",
  ERR_DISK_FULL: "The disk has less room than what is to be written needs; nothing half-done passes for whole.",
  // arguments
  ERR_INVALID_ARG: "An argument has the wrong type or a value that is not allowed.",
  ERR_UNKNOWN_DTYPE: "The name is no dtype.",
  ERR_UNKNOWN_DEVICE: "The name is no device.",
  ERR_DEVICE_UNAVAILABLE: "The device exists in principle, but not in this process.",
  // operators and tensors
  ERR_UNKNOWN_OPERATOR: "libtorch knows no such operator, or it is not public.",
  ERR_OPERATOR_ARGS: "No overload of the operator takes these arguments.",
  ERR_OPERATOR_FAILED: "The operator refused its arguments; the message carries libtorch's reason.",
  ERR_SHAPE_MISMATCH: "Shapes do not fit together or do not fit the data.",
  ERR_INDEX_OUT_OF_RANGE: "An index lies outside of the dimension that it points into.",
  ERR_TENSOR_DISPOSED: "The tensor was disposed before this use.",
  ERR_GENERATOR_DISPOSED: "The random generator was disposed before this use.",
  ERR_NO_GRAD_HISTORY: "backward was asked of a tensor that has no graph behind it.",
  ERR_GRADIENT_MISMATCH: "A gradient is not the one that finite differences give.",
  ERR_OUT_OF_MEMORY: "A device or the host has no memory left for the request.",
  ERR_SHUT_DOWN: "The process or worker is ending; no native work is taken any more.",
  ERR_NATIVE: "An error inside the native layer that has no code of its own.",
  // TorchScript
  ERR_SCRIPT_COMPILE: "TorchScript source did not compile.",
  ERR_SCRIPT_LOAD: "The file is no TorchScript archive, or it is damaged.",
  ERR_SCRIPT_CALL: "A TorchScript method refused its arguments or failed while running.",
  ERR_MODULE_DISPOSED: "The module was disposed before this use.",
  // files and folders
  ERR_FILE_NOT_FOUND: "A file or folder does not exist.",
  ERR_FILE_READ: "A file or folder exists, but could not be read.",
  ERR_FILE_WRITE: "A file or folder could not be written.",
  ERR_SAFETENSORS_INVALID: "The file is no valid safetensors file; it may be cut short or damaged.",
  ERR_CHECKSUM: "A file is not the one that the folder's manifest or the hub lists; it is damaged or was replaced.",
  ERR_CONFIG_INVALID: "config.json is not valid, or asks for something that is not supported.",
  ERR_TOKENIZER_INVALID: "The tokenizer's files are missing, damaged or not supported.",
  ERR_TORCH_FILE: "The file is none that torch.save wrote, is damaged, or holds more than tensors and plain values.",
  ERR_PICKLE_WEIGHTS: "The folder has only pickled weights, which are code; convert them once.",
  ERR_WEIGHTS_MISMATCH: "Keys or shapes in the weights do not fit the model.",
  // the hub
  ERR_HUB_CONNECTION:
    "The hub was not reached, did not answer in time or is out of order, or the connection was cut; what had come is kept.",
  ERR_HUB_ACCESS: "The hub refuses access: a gated or disabled model, or a token that does not hold.",
  ERR_HUB_REPOSITORY_NOT_FOUND: "There is no folder of that name, and the hub has no such model that may be read.",
  ERR_HUB_REVISION_NOT_FOUND: "The model has no such branch, tag or commit on the hub.",
  ERR_HUB_FILE_NOT_FOUND: "The model on the hub lacks a file that is needed; the message says which files it has.",
  ERR_HUB_OFFLINE: "The network may not be used, and the cache lacks what is needed; the message says what it has.",
  ERR_HUB_ANSWER: "An answer is none of the hub's API: the endpoint is no hub, or a proxy answers in its place.",
  // data
  ERR_EMPTY_DATASET: "A dataset has no rows.",
  ERR_COLUMN_MISSING: "A column that was asked for does not exist.",
  ERR_BAD_ROW: "A row of a file is malformed; the message names file and line.",
  ERR_UNKNOWN_LABEL: "A label was met that the label map, made from training data, does not have.",
  ERR_LABEL_ORDER: "A batch numbers its classes by another list of names than the model.",
  ERR_LABEL_COUNT: "The number of labels does not fit the checkpoint's classes.",
  ERR_MAX_LENGTH: "A sequence is longer than the model's position table.",
  // training
  ERR_NON_FINITE: "Loss or gradient became NaN or infinite; the last good weights were kept.",
  ERR_BUSY: "The model is being trained already, or another setup is still at work.",
  ERR_NO_RESULT: "No trial of a hyper-parameter search has a score: all failed, or the search ended before.",
  ERR_OUTPUT_NOT_UNDERSTOOD: "A module's output is neither logits, a tuple, nor a dictionary with logits.",
} as const;

/** A stable error code; see {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** A live tensor that an out-of-memory error names; of several views of one storage, one stands for all. */
export interface LargeTensor {
  /** Its shape. */
  readonly shape: readonly number[];
  /** Its dtype. */
  readonly dtype: string;
  /** Of its storage. */
  readonly bytes: number;
}

/** Where memory went when it ran out. Bytes throughout. */
export interface OutOfMemoryDetails {
  /** `"cpu"`, `"cuda:0"`, … */
  readonly device: string;
  /** What was asked for (CUDA says it rounded); absent where the allocator did not say. */
  readonly requestedBytes?: number;
  /** Free on the device, or on the host. */
  readonly freeBytes: number;
  /** In use by tensors of this process on that device. */
  readonly liveBytes: number;
  /** The largest tensors that JavaScript holds on that device, at most five. */
  readonly largest: readonly LargeTensor[];
}

/** As any error's, and what some codes carry beside their message. */
export interface TorchwrightErrorOptions extends ErrorOptions {
  /** The figures of an ERR_OUT_OF_MEMORY. */
  readonly details?: OutOfMemoryDetails;
}

/**
 * The one class of every error that Torchwright throws on purpose.
 *
 * @example
 * ```ts
 * import { Tensor, TorchwrightError } from "torchwright";
 * try {
 *   Tensor.from([1, 2]).add(Tensor.from([1, 2, 3]));
 * } catch (error) {
 *   if (error instanceof TorchwrightError) console.log(error.code); // ERR_SHAPE_MISMATCH
 * }
 * ```
 */
export class TorchwrightError extends Error {
  override readonly name = "TorchwrightError";
  /** The figures of an ERR_OUT_OF_MEMORY. */
  readonly details: OutOfMemoryDetails | undefined;

  constructor(
    /** Stable code, a key of {@link ERROR_CODES}. */
    readonly code: ErrorCode,
    message: string,
    options?: TorchwrightErrorOptions,
  ) {
    super(message, options);
    this.details = options?.details;
  }
}

/** Text for "got …" in a message: short, typed, and never throwing. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `array of ${value.length}`;
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
    case "bigint":
      return `${value}n`;
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "function":
      return value.name ? `function ${value.name}` : "a function";
    case "symbol":
      return "a symbol";
    default: {
      let name: unknown;
      try {
        name = value.constructor?.name;
      } catch {
        name = undefined;
      }
      return typeof name === "string" && name !== "Object" ? `a ${name}` : "an object";
    }
  }
}
