/** What a hyper-parameter may be, and how likely each value is. */

/** What a file of trials can hold, so that a search can go on from it. @inline */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A distribution as plain data. */
export type DistributionSettings =
  | {
      readonly kind: "uniform";
      /** The lowest value. */
      readonly low: number;
      /** The highest value. */
      readonly high: number;
      /** Distance between neighbours. */
      readonly step?: number;
    }
  | {
      readonly kind: "logUniform";
      /** The lowest value. */
      readonly low: number;
      /** The highest value. */
      readonly high: number;
    }
  | {
      readonly kind: "integer";
      /** The lowest value. */
      readonly low: number;
      /** The highest value. */
      readonly high: number;
      /** Distance between neighbours. */
      readonly step?: number;
      /** Whether logarithms are equally likely. */
      readonly log?: true;
    }
  | {
      readonly kind: "choice";
      /** The values. */
      readonly options: readonly Json[];
    };

/** Values of one hyper-parameter; `hp.uniform` and its like make them. */
export class Distribution<out T = unknown> {
  /** What kind of distribution it is, and its bounds; plain data. */
  readonly settings: DistributionSettings;
  /** How many values there are, where they are finitely many and equally likely; else Infinity. */
  readonly count: number;
  readonly #quantile: (share: number) => T;

  /** @internal */
  constructor(settings: DistributionSettings, quantile: (share: number) => T, count = Infinity) {
    this.settings = settings;
    this.count = count;
    this.#quantile = quantile;
  }

  /** The value below which a share in [0, 1) of all draws lies; of a uniformly random share it is a draw. */
  quantile(share: number): T {
    return this.#quantile(share);
  }
}
