/**
 * How progress reads: pure functions from numbers to text.
 */

/** What one line of progress shows; what is undefined is left out. */
export interface ProgressState {
  readonly device: string;
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly loss?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly examplesPerSecond?: number | undefined;
  readonly tokensPerSecond?: number | undefined;
  readonly secondsLeft?: number | undefined;
}

/** "7s", "2m 05s", "1h 02m": two units at most. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const [large, small, units] =
    whole < 3600 ? [Math.floor(whole / 60), whole % 60, "ms"] : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), "hm"];
  return `${large}${units[0]} ${String(small).padStart(2, "0")}${units[1]}`;
}

/** Three significant digits with a unit: "7.31", "412", "12.3k", "1.2M". */
export function formatRate(value: number): string {
  for (const [unit, name] of [[1e6, "M"], [1e3, "k"]] as const) {
    if (value >= unit) return `${(value / unit).toFixed(1)}${name}`;
  }
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** "5e-5", "4.21e-5": exponent form without needless zeros. */
export function formatLearningRate(value: number): string {
  return value === 0 ? "0" : value.toExponential(2).replace(/\.?0+e/, "e");
}

/** A bar of `width` characters, filled to `share` of 1. */
export function formatBar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "█".repeat(filled) + "░".repeat(width - filled);
}

/** The same in short forms, so that it fits beside a bar into 80 columns. */
function shortParts(state: ProgressState): string[] {
  const { loss, learningRate, examplesPerSecond, tokensPerSecond, secondsLeft } = state;
  return [
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(loss < 10 ? 4 : 2)}`]),
    ...(learningRate === undefined ? [] : [`lr ${formatLearningRate(learningRate)}`]),
    ...(examplesPerSecond === undefined ? [] : [`${formatRate(examplesPerSecond)}ex/s`]),
    ...(tokensPerSecond === undefined ? [] : [`${formatRate(tokensPerSecond)}tok/s`]),
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft).replace(" ", "")} left`]),
    state.device,
  ];
}

function parts(state: ProgressState): string[] {
  const { loss, learningRate, examplesPerSecond, tokensPerSecond, secondsLeft } = state;
  return [
    `step ${state.step}/${state.totalSteps}`,
    `epoch ${state.epoch.toFixed(2)}`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
    ...(learningRate === undefined ? [] : [`lr ${formatLearningRate(learningRate)}`]),
    ...(examplesPerSecond === undefined ? [] : [`${formatRate(examplesPerSecond)} examples/s`]),
    ...(tokensPerSecond === undefined ? [] : [`${formatRate(tokensPerSecond)} tokens/s`]),
    ...(secondsLeft === undefined ? [] : [`${formatDuration(secondsLeft)} left`]),
    state.device,
  ];
}

/** One plain line, for logs. */
export function formatLine(state: ProgressState): string {
  return parts(state).join("  ");
}

const SHORTEST_BAR = 8;
const LONGEST_BAR = 30;

/**
 * One line of a terminal with a bar, cut to `columns`, so that rewriting it never wraps. Where the words leave no
 * room for a bar, short forms do: 80 columns show all of it but step and epoch, which the bar stands for.
 */
export function formatBarLine(state: ProgressState, columns: number): string {
  const share = state.totalSteps === 0 ? 0 : state.step / state.totalSteps;
  const percent = `${String(Math.floor(share * 100)).padStart(3)}%`;
  const short = shortParts(state).join(" ");
  const shortest = `${percent} ${short}`;
  const forms = [`${percent}  ${parts(state).join("  ")}`, `${percent} ${state.step}/${state.totalSteps} ${short}`];
  const text = forms.find(({ length }) => columns - length - 2 >= SHORTEST_BAR) ?? shortest;
  const room = Math.min(columns - text.length - 2, LONGEST_BAR);
  return `${room >= SHORTEST_BAR ? `${formatBar(share, room)} ` : ""}${text}`.slice(0, Math.max(0, columns - 1));
}

/** One line of a terminal for work that is counted in batches. */
export function formatBatches(operation: string, done: number, total: number): string {
  return `${formatBar(done / total, 30)} ${String(Math.floor((100 * done) / total)).padStart(3)}%  ${operation}  batch ${done}/${total}`;
}
