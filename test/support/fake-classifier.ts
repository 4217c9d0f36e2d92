/**
 * A model for tests of what runs models, beside the FakeTokenizer whose texts are numbers: its first logit is that
 * number, the others are 0. It notes its batches, waits where it is told to, and fails at one number.
 */
import type { ModelInputs, ModelOutput, ModelProblem, TextClassifier } from "../../lib/models/model";
import { ClassifierOutput } from "../../lib/models/model";
import { TorchwrightError } from "../../lib/errors";
import { ops } from "../../lib/tensor/ops";
import type { Tensor } from "../../lib/tensor/tensor";

export class FakeClassifier<P extends ModelProblem = "single-label"> implements TextClassifier<P> {
  readonly device = "cpu";
  readonly maxLength = 64;
  training = false;
  disposed = false;
  /** The numbers of each run, in the batch's order. */
  readonly batches: number[][] = [];
  /** What each run's matrix products compute in. */
  readonly dtypes: string[] = [];
  /** Runs that have not ended, and the most that there were. */
  running = 0;
  mostRunning = 0;
  /** Awaited by every run. */
  gate: Promise<void> | undefined;
  failAt = -1;
  #onRun: (() => void) | undefined;

  constructor(
    readonly labels: readonly string[] = ["a", "b"],
    readonly problemType: P = "single-label" as P,
  ) {}

  /** Resolves when the next run begins. */
  nextRun(): Promise<void> {
    return new Promise((resolve) => (this.#onRun = resolve));
  }

  async forward({ inputIds, attentionMask }: ModelInputs): Promise<ModelOutput> {
    if (this.disposed) {
      throw new TorchwrightError("ERR_MODULE_DISPOSED", "forward: expected a module that was not disposed");
    }
    const ids = inputIds as Tensor; // [B, T]
    const numbers = (ids.select(1, 0).toArray() as bigint[]).map(Number);
    this.batches.push(numbers);
    const one = ops.ones([1, 1]);
    this.dtypes.push(one.matmul(one).dtype);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    this.#onRun?.();
    try {
      await this.gate;
      await new Promise((resolve) => setImmediate(resolve));
      if (numbers.includes(this.failAt)) throw new Error(`cannot read ${this.failAt}`);
      const mean = ids
        .mul(attentionMask as Tensor)
        .sum([1])
        .div((attentionMask as Tensor).sum([1])); // [B]
      const others = ops.zeros([numbers.length, this.labels.length - 1]);
      return new ClassifierOutput(ops.cat([mean.unsqueeze(1), others], 1), undefined);
    } finally {
      this.running--;
    }
  }

  namedParameters(): readonly (readonly [string, Tensor])[] {
    return [];
  }

  parameters(): readonly Tensor[] {
    return [];
  }

  train(): void {
    this.training = true;
  }

  eval(): void {
    this.training = false;
  }

  async to(): Promise<this> {
    return this;
  }

  async save(): Promise<void> {
    throw new Error("not used");
  }

  dispose(): void {
    this.disposed = true;
  }
}
