/** Looks at the single examples of an evaluation as they pass: the hardest ones, and what metrics do not keep. */
import { excerptOf } from "../../data/inspect/excerpt";
import type { TextDataset } from "../../data/text-dataset";
import type { Confusion } from "../../metrics/confusion-matrix";
import { Reliability, type ReliabilityBin } from "../../metrics/reliability";
import { withBits } from "../../metrics/threshold-grid";
import type { ModelProblem, TextClassifier } from "../../models/model";
import { exampleLosses } from "../../models/problem";
import type { Tensor } from "../../tensor/tensor";
import type { PooledBatch } from "../pool-windows";
import { SCORES } from "../predictions";
import type { TargetPoint } from "./charts/scatter-chart";
import { Hardest } from "./hardest";
import { PairCounts } from "./pair-counts";
import type { ClassProbability, HardExample, HeldOutFindings } from "./report-data";

/** UTF-16 code units of a text that a report holds. */
const LONGEST_TEXT = 2000;
/** Points of a regression's scatter. */
const POINTS = 500;
/** Classes of one example that are listed. */
const CLASSES = 5;
/** As `SingleLabelMetrics` has by default. */
const BINS = 15;
/** What a label's probability must exceed, as in `evaluate`. */
const THRESHOLD = 0.5;

type Numbers = Float32Array | Float64Array | BigInt64Array;

export class HeldOutLook {
  readonly #problem: ModelProblem;
  readonly #labels: readonly string[];
  readonly #hardest: Hardest<HardExample>;
  readonly #points: TargetPoint[] = [];
  /** Every so many-th row is a point. */
  readonly #every: number;
  readonly #reliability = new Reliability(BINS);
  readonly #pairs = new PairCounts();

  constructor(
    { problemType = "single-label", labels }: TextClassifier,
    private readonly dataset: TextDataset,
    examples: number,
  ) {
    this.#problem = problemType;
    this.#labels = labels;
    this.#hardest = new Hardest(examples);
    this.#every = Math.ceil(dataset.length / POINTS);
  }

  /** Takes a batch in; to be called for the batches in turn. */
  async look({ logits, labels, indices }: PooledBatch): Promise<void> {
    const single = logits.to({ dtype: "float32" });
    const targets = labels as Tensor; // of data that has them
    const [losses, scores, truth] = await Promise.all([
      exampleLosses(this.#problem, single, targets).read(), // [B]
      SCORES[this.#problem](single).read(), // [B, classes], a regression's [B, 1]
      targets.read(), // [B] or [B, classes]
    ]);
    this.#take(indices, losses as Float32Array, scores as Float32Array, truth as Numbers);
  }

  findings(): HeldOutFindings {
    return { hardest: this.#hardest.items, points: this.#points };
  }

  /** Of a multi-label problem: how often labels are true, by how probable the model says they are. */
  reliability(): ReliabilityBin[] {
    return this.#reliability.bins();
  }

  /**
   * Of a multi-label problem: labels that were missed, and those that were given wrongly beside; `support` is the
   * number of examples by label.
   */
  confusions(support: readonly number[], top: number): Confusion[] {
    return this.#pairs.most(top).map(({ missed, given, count }) => ({
      actual: this.#labels[missed] as string,
      predicted: this.#labels[given] as string,
      count,
      share: count / (support[missed] as number),
    }));
  }

  #take(rows: Uint32Array, losses: Float32Array, scores: Float32Array, truth: Numbers): void {
    const classes = scores.length / rows.length;
    const wide = truth.length === scores.length && this.#problem !== "regression"; // a number for each class
    if (this.#problem === "multi-label") {
      const bits = withBits(scores);
      for (let at = 0; at < scores.length; at++) this.#reliability.add(bits, at, truth[at] === 1);
    }
    rows.forEach((row, i) => {
      const own = scores.subarray(i * classes, (i + 1) * classes);
      const target = wide ? truth.subarray(i * classes, (i + 1) * classes) : truth.subarray(i, i + 1);
      const loss = losses[i] as number;
      if (this.#problem === "multi-label") this.#pairs.add(...this.#errors(own, target));
      if (this.#problem === "regression" && row % this.#every === 0) {
        this.#points.push({ row, actual: Number(target[0]), predicted: own[0] as number });
      }
      if (this.#hardest.takes({ row, loss })) {
        this.#hardest.add({ row, loss, ...this.#place(row), ...this.#verdict(own, target) });
      }
    });
  }

  #place(row: number): Pick<HardExample, "place" | "text"> {
    const { text } = this.dataset.get(row);
    return {
      place: this.dataset.describeRow(row),
      text: excerptOf(typeof text === "string" ? text : text.join("\n\n"), 0, LONGEST_TEXT),
    };
  }

  #verdict(scores: Float32Array, target: Numbers): Pick<HardExample, "actual" | "predicted"> {
    if (this.#problem === "regression") return { actual: Number(target[0]), predicted: scores[0] as number };
    const all = Array.from(scores.keys());
    const named = (ids: readonly number[]): ClassProbability[] =>
      ids.slice(0, CLASSES).map((id) => ({ label: this.#labels[id] as string, probability: scores[id] as number }));
    const probable = all.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
    const predicted =
      this.#problem === "multi-label"
        ? probable.filter((id) => (scores[id] as number) > THRESHOLD)
        : probable.slice(0, 1);
    if (target.length === 1 && this.#problem === "single-label") {
      return { actual: named([Number(target[0])]), predicted: named(predicted) };
    }
    // Several true classes, or soft labels: those with the most mass first.
    const actual = probable
      .filter((id) => Number(target[id]) > 0)
      .sort((a, b) => Number(target[b]) - Number(target[a]));
    return { actual: named(actual), predicted: named(predicted) };
  }

  /** Labels that were missed, and those that were given wrongly. */
  #errors(scores: Float32Array, target: Numbers): [missed: number[], given: number[]] {
    const [missed, given]: [number[], number[]] = [[], []];
    scores.forEach((score, id) => {
      const isTrue = target[id] === 1;
      if (isTrue === score > THRESHOLD) return;
      (isTrue ? missed : given).push(id);
    });
    return [missed, given];
  }
}
