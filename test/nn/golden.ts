/** What `scripts/golden/nn.py` wrote, and how its draws are compared. */
import { expect } from "chai";
import { manualSeed } from "../../lib/tensor/device";
import { ops } from "../../lib/tensor/ops";
import type { Tensor } from "../../lib/tensor/tensor";
import { largestDifference, readGolden } from "../support/golden";

/** Tensors of a module by name, `""` for a tensor alone. */
export type Drawn = Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>;

interface Golden {
  readonly seed: number;
  readonly probe: readonly number[];
  readonly inits: Readonly<Record<string, Drawn>>;
  readonly layers: Readonly<Record<string, Drawn>>;
  readonly gains: Readonly<Record<string, number>>;
  readonly names: Readonly<Record<"parameters" | "buffers" | "modules" | "state" | "applied", readonly string[]>>;
  readonly head: {
    readonly input: readonly number[][];
    readonly output: readonly number[][];
    readonly gradients: Readonly<Record<string, readonly number[]>>;
    readonly inputGradient: readonly number[];
  };
  readonly training: {
    readonly settings: { readonly learningRate: number; readonly weightDecay: number; readonly maxGradNorm: number };
    readonly loss: readonly number[];
    readonly gradNorm: readonly number[];
    readonly batches: readonly { readonly inputIds: readonly number[][]; readonly labels: readonly number[] }[];
  };
}

export const golden = readGolden<Golden>("nn.json");

/**
 * 0 where this libtorch draws normal numbers to the bit as the golden file's did; its vectorised code differs by
 * processor.
 */
export function tolerance(): number {
  manualSeed(golden.seed);
  using drawn = ops.empty([golden.probe.length]);
  drawn.normal_();
  return largestDifference(drawn.toTypedArray(), golden.probe) === 0 ? 0 : 1e-6;
}

/** Expects the tensors to have the names, order, shapes and values that Python drew. */
export function expectDrawn(state: ReadonlyMap<string, Tensor>, expected: Drawn, within: number): void {
  expect([...state.keys()]).to.deep.equal(Object.keys(expected));
  for (const [name, tensor] of state) {
    const { shape = [], values = [] } = expected[name] ?? {};
    expect(tensor.shape, name).to.deep.equal(shape);
    expect(largestDifference(tensor.toTypedArray(), values), name).to.be.at.most(within);
  }
}
