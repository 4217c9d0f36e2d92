/**
 * Finds texts that are nearly the same: by MinHash and banding which pairs to look at, by their exact similarity which
 * to keep.
 */
import { describe, TorchwrightError } from "../../errors";
import { Breather } from "./breather";
import { forEachCandidate } from "./candidates";
import { Groups } from "./groups";
import { type Banding, bandingFor, MinHasher } from "./min-hash";
import { Overlap } from "./overlap";
import { levelled, type Shingle, shingleHashes, similarity } from "./shingles";

/** When two texts count as nearly the same. */
export interface NearDuplicateOptions {
  /**
   * Least Jaccard similarity of the pieces of two texts, above 0 and up to 1. Default: 0.8. Low thresholds make many
   * pairs to compare: below 0.5 expect the time to grow with the square of the rows, as it does for thousands of texts
   * of one template that stay just below the threshold.
   */
  readonly threshold?: number;
  /**
   * The pieces. Default: 5 characters, which Mining of Massive Datasets (section 3.2.2) advises for short documents;
   * they serve languages without spaces as well.
   */
  readonly shingle?: Shingle;
}

/** Two rows whose texts are similar enough. */
export interface NearLink {
  readonly first: number;
  readonly second: number;
  /** Exact Jaccard similarity; 1 where case, spacing and punctuation are all that differs. */
  readonly similarity: number;
}

/** Links that join every group, one fewer than the group has rows, and the groups. */
export interface NearDuplicates {
  readonly links: readonly NearLink[];
  readonly groups: readonly Uint32Array[];
}

const DEFAULTS = { threshold: 0.8, shingle: { unit: "character", size: 5 } } as const;
/** Hashes of one text that are taken between two looks at the clock. */
const HASHES_AT_ONCE = 4096;

/**
 * Groups of rows whose texts are nearly the same, ascending; a group's first row is the one to keep. Rows hang together
 * by links, so a group's ends may be less similar than the threshold. Texts are compared by the pieces that they have
 * in common, after NFKC, case folding, and each run of spaces and punctuation made one space.
 *
 * Every link was compared exactly, so none is below the threshold. A pair at the threshold is found with a probability
 * of at least 0.99, a more similar one of 1 − (1 − s^r)^b: at threshold 0.8 (r = 6, b = 21) one of similarity 0.9
 * escapes about once in ten million. Deterministic. The event loop is let run every few milliseconds.
 *
 * @throws TorchwrightError ERR_INVALID_ARG
 * @example
 * ```ts
 * import { nearDuplicateGroups } from "torchwright";
 * const groups = await nearDuplicateGroups(["The printer is on fire again!", "I forgot my password", "the printer is on fire, again"]);
 * console.log(groups); // [Uint32Array [0, 2]]
 * ```
 */
export async function nearDuplicateGroups(
  texts: Iterable<string>,
  options: NearDuplicateOptions = {},
): Promise<Uint32Array[]> {
  return [...(await findNearDuplicates("nearDuplicateGroups", texts, options)).groups];
}

/** As `nearDuplicateGroups`, with the links that hold the groups together. `operation` begins an error's message. */
export async function findNearDuplicates(
  operation: string,
  texts: Iterable<string>,
  options: NearDuplicateOptions = {},
  breather = new Breather(),
): Promise<NearDuplicates> {
  const { threshold, shingle } = checkNearOptions(operation, options);
  const { rows, levels, repeats } = await distinct(operation, texts, breather);
  const groups = new Groups(rows.length + repeats.length);
  const links: NearLink[] = [];
  const link = (first: number, second: number, exact: number): void => {
    groups.join(first, second);
    links.push({ first, second, similarity: exact });
  };
  for (const [first, second] of repeats) link(first, second, 1);

  const sets = await hashSets(levels, shingle, breather);
  const banding = bandingFor(threshold);
  const keys = await bandKeys(sets, banding, breather);
  const overlap = await Overlap.of(sets, breather);
  const rowAt = (at: number): number => rows[at] as number;
  await forEachCandidate(keys, banding.bands, breather, (earlier, later) => {
    if (groups.first(rowAt(earlier)) === groups.first(rowAt(later))) return;
    if (!overlap.reaches(threshold, earlier, later)) return;
    // Equal hashes are almost always equal pieces; the pieces themselves decide.
    const exact = similarity(levels[earlier] as string, levels[later] as string, shingle);
    if (exact >= threshold) link(rowAt(earlier), rowAt(later), exact);
  });
  return { links, groups: groups.list() };
}

/** Texts that differ when levelled: their rows, and the rows that repeat them. */
interface Distinct {
  readonly rows: readonly number[];
  readonly levels: readonly string[];
  readonly repeats: readonly (readonly [first: number, repeat: number])[];
}

async function distinct(operation: string, texts: Iterable<string>, breather: Breather): Promise<Distinct> {
  const firsts = new Map<string, number>();
  const repeats: [number, number][] = [];
  let row = 0;
  for (const text of checkTexts(operation, texts)) {
    const level = levelled(checkText(operation, text, row));
    const first = firsts.get(level);
    if (first === undefined) firsts.set(level, row);
    else repeats.push([first, row]);
    row++;
    if (breather.due) await breather.pause();
  }
  return { rows: [...firsts.values()], levels: [...firsts.keys()], repeats };
}

/** The hashes of each text's pieces, ascending and without repeats. */
async function hashSets(levels: readonly string[], shingle: Shingle, breather: Breather): Promise<Uint32Array[]> {
  const sets: Uint32Array[] = [];
  for (const level of levels) {
    const hashes = Uint32Array.from(shingleHashes(level, shingle)).sort();
    let length = 0;
    for (const hash of hashes) if (length === 0 || hash !== hashes[length - 1]) hashes[length++] = hash;
    sets.push(hashes.slice(0, length));
    if (breather.due) await breather.pause();
  }
  return sets;
}

/** The bands of every set, `[sets, bands]`. */
async function bandKeys(sets: readonly Uint32Array[], banding: Banding, breather: Breather): Promise<Uint32Array> {
  const hasher = new MinHasher(banding);
  const keys = new Uint32Array(sets.length * banding.bands);
  for (const [at, set] of sets.entries()) {
    hasher.begin();
    for (let start = 0; start < set.length; start += HASHES_AT_ONCE) {
      hasher.add(set, start, Math.min(set.length, start + HASHES_AT_ONCE));
      if (breather.due) await breather.pause();
    }
    hasher.bands(keys, at * banding.bands);
  }
  return keys;
}

/** The options with their defaults, checked. Throws ERR_INVALID_ARG. */
export function checkNearOptions(operation: string, options: NearDuplicateOptions): Required<NearDuplicateOptions> {
  if (typeof options !== "object" || options === null) throw invalid(operation, "options as an object", options);
  const { threshold = DEFAULTS.threshold, shingle = DEFAULTS.shingle } = options;
  if (typeof threshold !== "number" || !(threshold > 0 && threshold <= 1)) {
    throw invalid(operation, "threshold to be above 0 and at most 1", threshold);
  }
  const { unit, size } = Object(shingle) as Partial<Shingle>;
  if (unit !== "character" && unit !== "word") {
    throw invalid(operation, 'shingle to have unit "character" or "word"', unit ?? shingle);
  }
  if (!Number.isSafeInteger(size) || (size as number) < 1) {
    throw invalid(operation, "shingle.size to be a whole number of at least 1", size);
  }
  return { threshold, shingle: { unit, size: size as number } };
}

function checkTexts(operation: string, texts: Iterable<string>): Iterable<unknown> {
  const given: unknown = texts;
  if (typeof given === "object" && given !== null && Symbol.iterator in given) return given as Iterable<unknown>;
  throw invalid(operation, "an array of texts", given);
}

function checkText(operation: string, text: unknown, row: number): string {
  if (typeof text === "string") return text;
  throw new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected a text, got ${describe(text)} (row ${row})`);
}

function invalid(operation: string, expected: string, got: unknown): TorchwrightError {
  return new TorchwrightError("ERR_INVALID_ARG", `${operation}: expected ${expected}, got ${describe(got)}`);
}
