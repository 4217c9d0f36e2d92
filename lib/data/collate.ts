/** Makes a batch's tensors from ragged encodings: with `pad.ts` the only place that pads. */
import { Tensor } from "../tensor/tensor";
import type { Batch } from "./batch";
import type { EncodedLabels } from "./label-encoder";
import type { PaddedArrays } from "./pad";
import type { ProblemType } from "./problem-type";

/** A batch before it has tensors; made while the consumer still works on the batch before it. */
export interface PreparedBatch extends PaddedArrays {
  /** Row of the dataset of each encoding. */
  readonly indices: Uint32Array;
  /** Which of the batch's documents each encoding belongs to, where long documents come in windows. */
  readonly documents?: Uint32Array | undefined;
  /** One label per encoding, where the dataset has labels. */
  readonly labels: EncodedLabels | undefined;
  /** Class names by class id, with `labels`. */
  readonly labelNames?: readonly string[] | undefined;
  /** What kind of labels the batch carries. */
  readonly problemType?: ProblemType | undefined;
}

export interface Placement {
  /** Device of the batch. Default: the CPU. */
  readonly device?: string | undefined;
  /** Through page-locked memory, from which a GPU copies while the program goes on. Default: false. */
  readonly pinMemory?: boolean | undefined;
}

/** The batch on a device; the caller owns it and calls `dispose`. */
export function collate(prepared: PreparedBatch, { device, pinMemory = false }: Placement = {}): Batch {
  const { shape, indices, documents, labels, labelNames, problemType, tokens } = prepared;
  const made: Tensor[] = [];
  const dispose = (): void => {
    for (const tensor of made) tensor.dispose();
  };
  const place = (data: Int32Array | Float32Array, dimensions: readonly number[]): Tensor => {
    const dtype = data instanceof Int32Array ? "int64" : "float32";
    const tensor = pinMemory
      ? pinned(data, dimensions, dtype, device)
      : Tensor.from(data, { shape: dimensions, dtype, ...(device === undefined ? {} : { device }) });
    made.push(tensor);
    return tensor;
  };
  try {
    return {
      inputIds: place(prepared.inputIds, shape), // [B, T]
      attentionMask: place(prepared.attentionMask, shape), // [B, T]
      tokenTypeIds: place(prepared.tokenTypeIds, shape), // [B, T]
      ...(labels ? { labels: place(labels.data, labels.shape) } : {}), // [B] or [B, classes]
      ...(labels && labelNames ? { labelNames } : {}),
      ...(labels && problemType ? { problemType } : {}),
      indices,
      ...(documents ? { documents } : {}),
      size: shape[0],
      tokens,
      padded: shape[0] * shape[1],
      dispose,
    };
  } catch (error) {
    dispose(); // out of memory half-way: leave nothing behind
    throw error;
  }
}

/** A copy to a GPU need not be waited for: CUDA's host allocator keeps the page-locked memory until it is done. */
function pinned(
  data: Int32Array | Float32Array,
  shape: readonly number[],
  dtype: "int64" | "float32",
  device: string | undefined,
): Tensor {
  using pageable = Tensor.from(data, { shape, dtype });
  const locked = pageable.pinMemory();
  if (device === undefined || device === "cpu") return locked;
  try {
    return locked.to({ device, nonBlocking: true });
  } finally {
    locked.dispose();
  }
}
