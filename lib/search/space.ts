/** The space of a search, and what each trial draws from it. */
import { randomBelow, randomUnit } from "../data/random";
import { describe, TorchwrightError } from "../errors";
import { Distribution } from "./distribution";

/** Hyper-parameters by name. */
export type SearchSpace = Readonly<Record<string, Distribution>>;

/** One value of each hyper-parameter of a space. */
export type SpaceValues<S extends SearchSpace> = {
  readonly [Name in keyof S]: S[Name] extends Distribution<infer T> ? T : never;
};

/** What a trial is given by chance. */
export interface Draw {
  /** In [0, 2³¹). */
  readonly seed: number;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Streams of the search's seed: one for the order of a finite space, one for each trial. */
const ORDER = 0;
const FIRST_TRIAL = 1;
/** More combinations than that are drawn without a look at each other. */
const FEW = 2 ** 32;

/**
 * Draws by a trial's number, the same whatever was drawn before. Where all combinations are finitely many and equally
 * likely, none comes twice, as in scikit-learn's `ParameterSampler`.
 */
export class Sampler {
  /** How many different draws there are. */
  readonly size: number;
  readonly #seed: number;
  /** In the order of their names, so that the order in a program does not matter. */
  readonly #space: readonly (readonly [string, Distribution])[];
  readonly #order: Iterator<number, undefined>;
  readonly #drawn: number[] = [];

  constructor(space: SearchSpace, seed: number) {
    this.#seed = seed;
    this.#space = sorted(space);
    const size = this.#space.reduce((product, [, { count }]) => product * count, 1);
    this.size = size <= FEW ? size : Infinity;
    this.#order = shuffled(this.size, seed);
  }

  draw(trial: number): Draw {
    const below = randomBelow(this.#seed, FIRST_TRIAL + trial);
    const seed = below(2 ** 31);
    if (this.size < Infinity) return { seed, values: this.#combination(this.#indexOf(trial)) };
    const unit = randomUnit(below);
    return {
      seed,
      values: Object.fromEntries(this.#space.map(([name, distribution]) => [name, distribution.quantile(unit())])),
    };
  }

  #indexOf(trial: number): number {
    while (this.#drawn.length <= trial) this.#drawn.push(this.#order.next().value as number);
    return this.#drawn[trial] as number;
  }

  /** Reads an index as digits, one for each name. */
  #combination(index: number): Draw["values"] {
    let rest = index;
    return Object.fromEntries(
      this.#space.map(([name, distribution]) => {
        const digit = rest % distribution.count;
        rest = Math.floor(rest / distribution.count);
        return [name, distribution.quantile((digit + 0.5) / distribution.count)];
      }),
    );
  }
}

/**
 * The numbers below `size` in random order, made as they are asked for (Fisher–Yates, of which only what moved is
 * kept).
 */
function* shuffled(size: number, seed: number): Generator<number, undefined> {
  const below = randomBelow(seed, ORDER);
  const moved = new Map<number, number>();
  for (let at = 0; at < size; at++) {
    const pick = at + below(size - at);
    yield moved.get(pick) ?? pick;
    moved.set(pick, moved.get(at) ?? at);
    moved.delete(at);
  }
  return undefined;
}

/** A space as plain data, in the order of names. */
export function spaceSettings(space: SearchSpace): Readonly<Record<string, unknown>> {
  return Object.fromEntries(sorted(space).map(([name, { settings }]) => [name, settings]));
}

function sorted(space: SearchSpace): (readonly [string, Distribution])[] {
  return Object.entries(space).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Throws ERR_INVALID_ARG unless it is an object of distributions, one at least. */
export function checkSpace(space: unknown): asserts space is SearchSpace {
  if (typeof space !== "object" || space === null || Array.isArray(space) || Object.keys(space).length === 0) {
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `search: expected a space, an object of distributions by name, got ${describe(space)}`,
    );
  }
  for (const [name, value] of Object.entries(space)) {
    if (value instanceof Distribution) continue;
    throw new TorchwrightError(
      "ERR_INVALID_ARG",
      `search: expected ${name} to be a distribution, as hp.uniform(0, 1) or hp.choice([${describe(value)}]), got ${describe(value)}`,
    );
  }
}
