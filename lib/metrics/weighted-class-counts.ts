/** Right and wrong decisions by class, once for the data and once for every replicate of a bootstrap. */
import type { ClassCounts } from "./class-scores";
import type { PoissonBootstrap } from "./poisson-bootstrap";
import { WeightedSums } from "./weighted-sums";

const DECISIONS = 3;
const TRUE_POSITIVE = 0;
const FALSE_POSITIVE = 1;
const FALSE_NEGATIVE = 2;

/**
 * Counts what the example did for which the bootstrap drew weights. True negatives are not counted: no score needs
 * them.
 */
export class WeightedClassCounts {
  readonly #classes: number;
  /** A column for each class and decision, so that each decision is one addition. */
  readonly #sums: WeightedSums;

  constructor(classes: number, bootstrap: PoissonBootstrap) {
    this.#classes = classes;
    this.#sums = new WeightedSums(DECISIONS * classes, bootstrap);
  }

  /** Counts the decision about one class; nothing where the class is neither true nor predicted. */
  add(id: number, actual: boolean, predicted: boolean): void {
    if (!actual && !predicted) return;
    const decision = !predicted ? FALSE_NEGATIVE : !actual ? FALSE_POSITIVE : TRUE_POSITIVE;
    this.#sums.add(DECISIONS * id + decision, 1);
  }

  /** A lane's counts by class. */
  lane(lane: number): ClassCounts[] {
    const sums = this.#sums.lane(lane);
    const at = (id: number, decision: number): number => sums[DECISIONS * id + decision] as number;
    return Array.from({ length: this.#classes }, (_, id) => {
      const truePositives = at(id, TRUE_POSITIVE);
      return {
        truePositives,
        predicted: truePositives + at(id, FALSE_POSITIVE),
        support: truePositives + at(id, FALSE_NEGATIVE),
      };
    });
  }
}
