/** What a hyper-parameter may be, and how likely each value is. */

/** What a file of trials can hold, so that a search can go on from it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** A distribution as plain data. */
export type DistributionSettings =
  | { readonly kind: "uniform"; readonly low: number; readonly high: number; readonly step?: number }
  | { readonly kind: "logUniform"; readonly low: number; readonly high: number }
  | { readonly kind: "integer"; readonly low: number; readonly high: number; readonly step?: number; readonly log?: true }
  | { readonly kind: "choice"; readonly options: readonly Json[] };

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
