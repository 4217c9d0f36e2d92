/** Lays a search's result out as sections of tables and charts, from which text and HTML are made. */
import type { Axis, Block, Column, Point, Section } from "../data/inspect/layout";
import { plural, significant } from "../data/inspect/numbers";
import { formatDuration, formatLearningRate } from "../train/progress-format";
import type { Distribution } from "./distribution";
import type { SearchResult } from "./search-result";
import type { Trial, TrialStatus } from "./trial";

type AnyTrial = Trial<Readonly<Record<string, unknown>>>;

/** What of a result is laid out. */
type Reported = Pick<SearchResult, "direction" | "rungs" | "space" | "stoppedBy" | "strategy"> & {
  readonly trials: readonly AnyTrial[];
};

const STATUSES: readonly TrialStatus[] = ["done", "pruned", "waiting", "interrupted", "failed"];

/** One line: how many trials, and what became of them. */
export function heading({ trials, direction, stoppedBy }: Reported): string {
  const counts = STATUSES.flatMap((status) => {
    const count = trials.filter((trial) => trial.status === status).length;
    return count > 0 ? [`${count} ${status}`] : [];
  });
  const why = stoppedBy === "end" ? "" : `, ended by ${stoppedBy}`;
  return `Search of ${plural(trials.length, "trial")} to ${direction} the score${counts.length > 0 ? `: ${counts.join(", ")}` : ""}${why}`;
}

/** For 80 columns. */
export function textSections(result: Reported, best: AnyTrial | undefined): Section[] {
  return [
    ...bestSection(result, best),
    ...rungSection(result),
    { title: "Trials", blocks: [trialTable(result, [])] },
    ...failureSection(result),
  ];
}

/** With metrics and charts. */
export function htmlSections(result: Reported, best: AnyTrial | undefined): Section[] {
  const metrics = [...new Set(result.trials.flatMap((trial) => Object.keys(trial.rungs.at(-1)?.metrics ?? {})))];
  const charts = result.trials.some(({ score }) => score !== undefined)
    ? Object.entries(result.space).map(([name, of]) => chart(result, name, of, best))
    : [];
  return [
    ...bestSection(result, best),
    ...rungSection(result),
    ...(charts.length > 0 ? [{ title: "Scores by hyper-parameter", blocks: charts }] : []),
    { title: "Trials", blocks: [trialTable(result, metrics)] },
    ...failureSection(result),
  ];
}

function bestSection({ space }: Reported, best: AnyTrial | undefined): Section[] {
  if (best === undefined) return [];
  const values = Object.keys(space).map((name) => `${name} ${valueText(best.values[name])}`);
  const sentences = [
    `Trial ${best.trial}, score ${number(best.score)}: ${values.join(", ")}`,
    ...(best.folder === undefined ? [] : [`Its files are in ${best.folder}`]),
  ];
  return [{ title: "Best", blocks: [{ kind: "sentences", sentences }] }];
}

function rungSection({ strategy, rungs, trials }: Reported): Section[] {
  if (strategy === "random") return [];
  const rows = rungs.map((rung, at) => {
    const scores = trials.flatMap((trial) => trial.rungs[at]?.score ?? []);
    const range = scores.length > 0 ? [Math.min(...scores), Math.max(...scores)].map(number) : ["", ""];
    return [String(at + 1), String(rung.budget), String(rung.trials), String(scores.length), ...range];
  });
  return [
    {
      title: "Rungs",
      blocks: [
        {
          kind: "table",
          columns: ["rung", "budget", "trials", "scores", "lowest", "highest"].map((title) => ({
            title,
            numeric: true,
          })),
          rows,
        },
      ],
    },
  ];
}

/** All trials, those with the best scores on the largest budgets first; columns that would say nothing are left out. */
function trialTable({ trials, strategy, direction, space }: Reported, metrics: readonly string[]): Block {
  const sign = direction === "maximize" ? -1 : 1;
  const ranked = trials.toSorted(
    (a, b) => rankOf(b) - rankOf(a) || sign * ((a.score ?? 0) - (b.score ?? 0)) || a.trial - b.trial,
  );
  const columns: readonly (Column & { readonly cell: (trial: AnyTrial) => string })[] = [
    { title: "trial", numeric: true, cell: ({ trial }) => String(trial) },
    { title: "score", numeric: true, cell: ({ score }) => number(score) },
    ...(trials.some(({ status }) => status !== "done")
      ? [{ title: "status", numeric: false, cell: ({ status }: AnyTrial) => status }]
      : []),
    ...(strategy === "halving"
      ? [{ title: "budget", numeric: true, cell: ({ rungs }: AnyTrial) => number(rungs.at(-1)?.budget) }]
      : []),
    // In text all columns of values can give way where there are many.
    ...Object.keys(space).map((name) => ({
      title: name,
      numeric: false,
      cell: ({ values }: AnyTrial) => valueText(values[name]),
    })),
    ...metrics.map((name) => ({
      title: name,
      numeric: true,
      cell: ({ rungs }: AnyTrial) => number(rungs.at(-1)?.metrics[name]),
    })),
    { title: "time", numeric: true, cell: ({ seconds }) => formatDuration(seconds) },
  ];
  return { kind: "table", columns, rows: ranked.map((trial) => columns.map(({ cell }) => cell(trial))) };
}

/** Failed ones are last, whatever they had before. */
function rankOf({ rungs, error }: AnyTrial): number {
  return error ? -1 : rungs.length;
}

function failureSection({ trials }: Reported): Section[] {
  const rows = trials.flatMap(({ trial, error }) => (error ? [[String(trial), error.code ?? "", error.message]] : []));
  if (rows.length === 0) return [];
  const columns = [
    { title: "trial", numeric: true },
    { title: "code", numeric: true },
    { title: "message", numeric: false },
  ];
  return [{ title: "Failures", blocks: [{ kind: "table", columns, rows }] }];
}

function chart(
  { trials, strategy }: Reported,
  name: string,
  distribution: Distribution,
  best: AnyTrial | undefined,
): Block {
  const scores = trials.flatMap(({ score }) => score ?? []);
  const { axis, place } = axisOf(distribution);
  const points = trials.flatMap((trial): Point[] => {
    if (trial.score === undefined) return [];
    const mark = trial === best ? "best" : trial.status === "done" ? "filled" : "hollow";
    return [
      {
        x: place(trial.values[name]),
        y: trial.score,
        text: `trial ${trial.trial}: ${name} ${valueText(trial.values[name])}, score ${number(trial.score)}`,
        mark,
      },
    ];
  });
  const title = strategy === "halving" ? `${name} (hollow: not on the last rung)` : name;
  return { kind: "scatter", title, x: axis, y: numberAxis(Math.min(...scores), Math.max(...scores), false), points };
}

function axisOf({ settings }: Distribution): { readonly axis: Axis; readonly place: (value: unknown) => number } {
  if (settings.kind !== "choice") {
    const log = settings.kind === "logUniform" || (settings.kind === "integer" && settings.log === true);
    return { axis: numberAxis(settings.low, settings.high, log), place: Number };
  }
  const texts = settings.options.map(valueText);
  return {
    axis: { low: -0.5, high: texts.length - 0.5, log: false, ticks: texts.map((text, at) => ({ at, text })) },
    place: (value) => texts.indexOf(valueText(value)),
  };
}

function numberAxis(low: number, high: number, log: boolean): Axis {
  const middle = log ? Math.sqrt(low) * Math.sqrt(high) : low + (high - low) / 2;
  return { low, high, log, ticks: (low < high ? [low, middle, high] : [low]).map((at) => ({ at, text: number(at) })) };
}

/** Four digits, small ones as `1.2e-5`. */
function number(value: number | undefined): string {
  if (value === undefined) return "";
  return value !== 0 && Math.abs(value) < 1e-3 ? formatLearningRate(value) : significant(value);
}

function valueText(value: unknown): string {
  if (typeof value === "number") return number(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}
