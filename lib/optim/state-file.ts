/**
 * An optimizer's state as the file that `torch.save(optimizer.state_dict(), file)` writes; Hugging Face's Trainer calls
 * it `optimizer.pt`.
 */
import { describe, TorchwrightError } from "../errors";
import type { Unpickled } from "../jit/pickle-reader";
import { type Picklable, Tuple } from "../jit/pickle-writer";
import { readTorchFile } from "../jit/read-torch-file";
import { TensorReference } from "../jit/tensor-reference";
import { writeTorchFile } from "../jit/write-torch-file";
import { scope } from "../tensor/scope";
import { Tensor } from "../tensor/tensor";
import { fillStates, type LoadPlan, Optimizer } from "./optimizer";

/** Bytes that are read from a file before they go where they belong. */
const PORTION = 64 * 2 ** 20;

/**
 * Writes an optimizer's state so that Python's `optimizer.load_state_dict(torch.load(file))` takes it up. The states
 * are those of the time of the call, in the order of queued work; what was there before is replaced once all is
 * written.
 *
 * @example
 * ```ts
 * import { AdamW, loadOptimizerState, nn, saveOptimizerState } from "torchwright";
 * using layer = new nn.Linear(4, 2);
 * using optimizer = new AdamW(layer.parameters());
 * await saveOptimizerState("optimizer.pt", optimizer);
 * await loadOptimizerState("optimizer.pt", optimizer);
 * ```
 *
 * @throws TorchwrightError ERR_INVALID_ARG, ERR_TENSOR_DISPOSED, ERR_FILE_WRITE
 */
export async function saveOptimizerState(file: string, optimizer: Optimizer): Promise<void> {
  checkOptimizer("saveOptimizerState", optimizer);
  const tensors = optimizer.statesToWrite();
  await writeTorchFile("saveOptimizerState", file, tensors, async (references) => {
    const places = new Map(tensors.map(({ tensor }, i) => [tensor, references[i] as TensorReference]));
    const { state, param_groups: groups } = await optimizer.stateDict();
    const entries = Object.entries(state).map(
      ([number, values]) =>
        [
          Number(number),
          new Map(
            Object.entries(values).map(([name, value]) => [
              name,
              value instanceof Tensor ? (places.get(value) as TensorReference) : value,
            ]),
          ),
        ] as const,
    );
    return new Map<string, Picklable>([
      ["state", new Map(entries)],
      ["param_groups", groups.map(pickleGroup)],
    ]);
  });
}

/** Pairs are tuples in Python, the parameters' numbers a list. */
function pickleGroup({ params, ...options }: Readonly<Record<string, unknown>>): Picklable {
  const entries = Object.entries(options).map(
    ([name, value]) => [name, Array.isArray(value) ? new Tuple(value as number[]) : (value as Picklable)] as const,
  );
  return new Map<string, Picklable>([...entries, ["params", params as readonly number[]]]);
}

/**
 * Reads a file of {@link saveOptimizerState} or of Python's `torch.save(optimizer.state_dict(), file)` into an
 * optimizer: all or nothing, as {@link Optimizer.loadStateDict}. The file is data: nothing in it is executed, and what
 * is not plain values and tensors is refused.
 *
 * @throws TorchwrightError ERR_FILE_NOT_FOUND; ERR_TORCH_FILE for damage and for what is no such file; otherwise as
 *   {@link Optimizer.loadStateDict}
 */
export async function loadOptimizerState(file: string, optimizer: Optimizer): Promise<void> {
  checkOptimizer("loadOptimizerState", optimizer);
  const { value, read } = await readTorchFile("loadOptimizerState", file);
  const { fills, apply } = optimizer.planLoad("loadOptimizerState", toRecord(value));
  for (const portion of portions(fills)) {
    await scope(async () => {
      const references = portion.flatMap(({ source }) => (source instanceof TensorReference ? [source] : []));
      const tensors = new Map((await read(references)).map((tensor, i) => [references[i], tensor]));
      await fillStates(
        portion.map(({ target, source }) => ({
          target,
          source: source instanceof TensorReference ? (tensors.get(source) as Tensor) : source,
        })),
      );
    });
  }
  apply();
}

/** Lists of about {@link PORTION} bytes. */
function portions(fills: LoadPlan["fills"]): LoadPlan["fills"][] {
  const lists: LoadPlan["fills"][number][][] = [];
  let bytes = Infinity;
  for (const fill of fills) {
    if (bytes > PORTION) {
      lists.push([]);
      bytes = 0;
    }
    lists.at(-1)?.push(fill);
    if (fill.source instanceof TensorReference) bytes += fill.source.storageBytes;
  }
  return lists;
}

/** Dictionaries as records, as far down as they are looked at. */
function toRecord(value: Unpickled): unknown {
  if (!isDictionary(value)) return value;
  const [state, groups] = [value.get("state"), value.get("param_groups")];
  const record = (one: Unpickled): unknown => (isDictionary(one) ? Object.fromEntries(one) : one);
  return {
    state: isDictionary(state)
      ? Object.fromEntries([...state].map(([number, entry]) => [String(number), record(entry)]))
      : state,
    param_groups: Array.isArray(groups) ? groups.map(record) : groups,
  };
}

function isDictionary(value: Unpickled | undefined): value is ReadonlyMap<string, Unpickled> {
  return value instanceof Map;
}

function checkOptimizer(operation: string, optimizer: unknown): void {
  if (!(optimizer instanceof Optimizer)) {
    throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected an optimizer, got ${describe(optimizer)}`);
  }
}
