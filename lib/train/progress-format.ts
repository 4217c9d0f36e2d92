/**
 * How progress reads: pure functions from numbers to text.
 */
import { formatBytes } from "../native/out-of-memory";
import type { ModelProblem } from "../models/model";
import type { History } from "./events";
import type { ProgressState } from "./progress-state";

/** "7s", "2m 05s", "1h 02m": two units at most. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const [large, small, units] =
    whole < 3600
      ? [Math.floor(whole / 60), whole % 60, "ms"]
      : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), "hm"];
  return `${large}${units[0]} ${String(small).padStart(2, "0")}${units[1]}`;
}

/** Three significant digits with a unit: "7.31", "412", "12.3k", "1.2M". */
export function formatRate(value: number): string {
  for (const [unit, name] of [
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= unit) return `${(value / unit).toFixed(1)}${name}`;
  }
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** "5e-5", "4.21e-5": exponent form without needless zeros. */
export function formatLearningRate(value: number): string {
  return value === 0 ? "0" : value.toExponential(2).replace(/\.?0+e/, "e");
}

/** A norm of gradients: "0.98", "12.3", "1.2e+5". */
export function formatNorm(value: number): string {
  return value >= 1e4 ? value.toExponential(1) : value.toPrecision(3);
}

/** A loss or a metric: "0.9312"; what four digits behind the point do not show has an exponent. */
export function formatMeasure(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) && Number.isFinite(value)
    ? value.toExponential(3)
    : value.toFixed(4);
}

/** A share of 1: "12%". */
export function formatShare(share: number): string {
  return `${(100 * share).toFixed(0)}%`;
}

/** A bar of `width` characters, filled to `share` of 1. */
export function formatBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** Parts of a line, those first that a narrow terminal does without first. */
const LEAST_FIRST = [
  "device",
  "epochBar",
  "padding",
  "memory",
  "tokens",
  "examples",
  "gradNorm",
  "epoch",
  "learningRate",
  "steps",
  "bar",
  "timeLeft",
  "loss",
] as const;
type Part = (typeof LEAST_FIRST)[number];

/** How a known number reads as a part. */
type Words = Partial<Record<Part, string>>;

const known = <T>(value: T | undefined, format: (value: T) => string): string | undefined =>
  value === undefined ? undefined : format(value);

function words(state: ProgressState): Words {
  return defined({
    epoch: `epoch ${state.epoch.toFixed(2)}`,
    steps: `step ${state.step}/${state.totalSteps}`,
    loss: known(state.loss, (loss) => `loss ${formatMeasure(loss)}`),
    learningRate: known(state.learningRate, (rate) => `lr ${formatLearningRate(rate)}`),
    gradNorm: known(state.gradNorm, (norm) => `grad norm ${formatNorm(norm)}`),
    examples: known(state.examplesPerSecond, (rate) => `${formatRate(rate)} examples/s`),
    tokens: known(state.tokensPerSecond, (rate) => `${formatRate(rate)} tokens/s`),
    padding: known(state.paddingShare, (share) => `${formatShare(share)} padding`),
    memory: known(state.peakBytes, (bytes) => `${formatBytes(bytes)} peak`),
    timeLeft: known(state.secondsLeft, (seconds) => `${formatDuration(seconds)} left`),
    device: state.device,
  });
}

/** The same in short forms. */
function shortWords(state: ProgressState): Words {
  return defined({
    ...words(state),
    steps: `${state.step}/${state.totalSteps}`,
    loss: known(state.loss, (loss) => `loss ${loss < 10 ? formatMeasure(loss) : loss.toPrecision(4)}`),
    gradNorm: known(state.gradNorm, (norm) => `grad ${formatNorm(norm)}`),
    examples: known(state.examplesPerSecond, (rate) => `${formatRate(rate)}ex/s`),
    tokens: known(state.tokensPerSecond, (rate) => `${formatRate(rate)}tok/s`),
    padding: known(state.paddingShare, (share) => `${formatShare(share)}pad`),
    memory: known(state.peakBytes, (bytes) => formatBytes(bytes).replace(" ", "")),
    timeLeft: known(state.secondsLeft, (seconds) => `${formatDuration(seconds).replace(" ", "")} left`),
  });
}

function defined(parts: { readonly [Name in Part]?: string | undefined }): Words {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}

const NUMBERS = [
  "loss",
  "learningRate",
  "gradNorm",
  "examples",
  "tokens",
  "padding",
  "memory",
  "timeLeft",
  "device",
] as const satisfies readonly Part[];

/** One plain line with all that is known, for logs. */
export function formatLine(state: ProgressState): string {
  const parts = words(state);
  return [parts.steps, parts.epoch, ...NUMBERS.map((name) => parts[name])]
    .filter((part) => part !== undefined)
    .join("  ");
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;
const EPOCH_BAR = 10;

/**
 * One line of a terminal with a bar for the epoch and one for all steps, at most `columns - 1` long, so that rewriting
 * it never wraps. Where there is no room, words give way to short forms, and those to nothing, the least important
 * first.
 */
export function formatBarLine(state: ProgressState, columns: number): string {
  const room = Math.max(0, columns - 1);
  const whole = layOut(state, words(state), new Set(), "  ", room);
  if (whole !== undefined) return whole;
  const short = shortWords(state);
  for (let dropped = 0; dropped <= LEAST_FIRST.length; dropped++) {
    const line = layOut(state, short, new Set(LEAST_FIRST.slice(0, dropped)), " ", room);
    if (line !== undefined) return line;
  }
  return "";
}

/** The line without what was dropped; undefined where there is no room for it. */
function layOut(
  state: ProgressState,
  parts: Words,
  dropped: ReadonlySet<Part>,
  space: string,
  room: number,
): string | undefined {
  const take = (name: Part): string | undefined => (dropped.has(name) ? undefined : parts[name]);
  const join = (...some: readonly (string | undefined)[]): string =>
    some.filter((part) => part !== undefined).join(space);
  const share = state.totalSteps === 0 ? 0 : state.step / state.totalSteps;
  const epoch = dropped.has("epochBar") ? take("epoch") : (epochBar(state) ?? take("epoch"));
  const front = join(epoch, take("steps"));
  const back = join(`${String(Math.floor(share * 100)).padStart(3)}%`, ...NUMBERS.map(take));
  if (dropped.has("bar")) {
    const line = join(front || undefined, back);
    return line.length <= room ? line : undefined;
  }
  const width = Math.min(LONGEST_BAR, room - join(front || undefined, "", back).length);
  return width >= SHORTEST_BAR ? join(front || undefined, formatBar(share, width), back) : undefined;
}

/** "epoch 2/3 █████░░░░░": how far the pass over the data is. */
function epochBar({ epoch, epochs }: ProgressState): string | undefined {
  if (epochs === undefined || !Number.isFinite(epochs)) return undefined;
  const current = Math.max(1, Math.ceil(epoch)); // a whole number is the end of its epoch
  return `epoch ${current}/${Math.ceil(epochs)} ${formatBar(epoch - current + 1, EPOCH_BAR)}`;
}

/** What a bar of batches shows. */
export interface BatchProgress {
  readonly operation: string;
  readonly done: number;
  readonly total: number;
  readonly secondsLeft?: number | undefined;
}

/** One line of a terminal for work that is counted in batches, at most `columns - 1` long. */
export function formatBatches({ operation, done, total, secondsLeft }: BatchProgress, columns: number): string {
  const room = Math.max(0, columns - 1);
  const percent = `${String(Math.floor((100 * done) / total)).padStart(3)}%`;
  const left = secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`];
  const texts = [[percent, `batch ${done}/${total}`, ...left], [percent, ...left], [percent]].map((parts) =>
    parts.join("  "),
  );
  for (const text of texts) {
    const width = Math.min(LONGEST_BAR, room - operation.length - text.length - 3);
    if (width >= SHORTEST_BAR) return `${operation}  ${formatBar(done / total, width)} ${text}`;
  }
  return percent.slice(0, room);
}

/** How a run ended, in one sentence. */
export function formatOutcome({ stoppedBy, steps, totalSteps, seconds, loss }: History<ModelProblem>): string {
  const why = stoppedBy === "end" ? "" : `, stopped by ${stoppedBy}`;
  return `trained ${steps} of ${totalSteps} steps in ${formatDuration(seconds)}${why}  mean loss ${formatMeasure(loss)}`;
}
