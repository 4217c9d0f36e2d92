/**
 * What a run did and what a search for a learning rate saw, in letters: for `console.log`, a prompt, and where a
 * notebook shows no pictures.
 */
import type { Section } from "../data/inspect/layout";
import { printsAs, type Reading } from "../data/inspect/prints-as";
import { renderText } from "../data/inspect/render-text";
import type { ModelProblem } from "../models/model";
import type { History } from "./events";
import { headline } from "./headline";
import { formatLearningRate, formatMeasure, formatOutcome } from "./progress-format";
import { textChart } from "./report/charts/text-chart";

/** Columns that every terminal has. */
const WIDTH = 80;
/** Evaluations that are listed. */
const ROWS = 10;

/** A history that prints as its curves and its last evaluations. */
export function historyWithReading<P extends ModelProblem>(history: History<P>): History<P> {
  return printsAs(history, (own) => historyReading(own as History<ModelProblem>));
}

function historyReading(history: History<ModelProblem>): Reading {
  const { log, evaluations } = history;
  const short = (): string => formatOutcome(history);
  return {
    short,
    whole: () => {
      const chart = textChart([
        { name: "training loss", letter: "•", points: log.map(({ step, loss }) => ({ step, value: loss })) },
        {
          name: "held-out loss",
          letter: "○",
          points: evaluations.map(({ step, metrics }) => ({ step, value: metrics.loss })),
        },
      ]);
      return [
        short(),
        ...(chart.length > 0 ? ["", ...chart] : []),
        ...(evaluations.length > 0 ? ["", evaluationTable(history)] : []),
      ].join("\n");
    },
  };
}

function evaluationTable({ evaluations, best }: History<ModelProblem>): string {
  const shown = evaluations.slice(-ROWS);
  const names = [...new Set(shown.flatMap(({ metrics }) => headline(metrics).map(([name]) => name)))];
  const rows = shown.map(({ step, epoch, metrics }) => {
    const values = new Map(headline(metrics));
    const cells = names.map((name) => (values.has(name) ? formatMeasure(values.get(name) ?? NaN) : ""));
    return [String(step), epoch.toFixed(2), ...cells, step === best?.step ? "best" : ""];
  });
  const hidden = evaluations.length - shown.length;
  const title = `Evaluations on held-out data${hidden > 0 ? `; ${hidden} earlier ones are not shown` : ""}`;
  const columns = [
    ...["step", "epoch", ...names].map((name) => ({ title: name, numeric: true })),
    { title: "", numeric: false },
  ];
  return renderText("", [{ title, blocks: [{ kind: "table", columns, rows }] }], WIDTH).trimStart();
}

type Curve = {
  readonly points: readonly { readonly learningRate: number; readonly smoothedLoss: number }[];
  readonly suggestion: number | undefined;
};

/** `Learning rates 1e-8 to 1 in 100 steps: 2.3e-4 is suggested`. */
export function learningRateHeading({ points, suggestion }: Curve): string {
  const rates = `Learning rates ${formatLearningRate(points[0]?.learningRate ?? NaN)} to ${formatLearningRate(points.at(-1)?.learningRate ?? NaN)} in ${points.length} steps`;
  return `${rates}: ${suggestion === undefined ? "the loss does not fall, so none is suggested" : `${formatLearningRate(suggestion)} is suggested`}`;
}

/** The smoothed losses over the rates, which need a logarithmic axis: for pictures only. */
export function learningRateSections({ points, suggestion }: Curve): Section[] {
  const shown = points.filter(({ smoothedLoss }) => Number.isFinite(smoothedLoss));
  if (shown.length === 0) return [];
  const losses = shown.map(({ smoothedLoss }) => smoothedLoss);
  const axis = (values: readonly number[], log: boolean, format: (value: number) => string) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const middle = log ? Math.sqrt(low) * Math.sqrt(high) : (low + high) / 2;
    return {
      low,
      high,
      log,
      ticks: (low < high ? [low, middle, high] : [low]).map((at) => ({ at, text: format(at) })),
    };
  };
  const dots = shown.map(
    ({ learningRate, smoothedLoss }) =>
      ({
        x: learningRate,
        y: smoothedLoss,
        text: `learning rate ${formatLearningRate(learningRate)}: loss ${formatMeasure(smoothedLoss)}`,
        mark: learningRate === suggestion ? "best" : "filled",
      }) as const,
  );
  const x = axis(
    shown.map(({ learningRate }) => learningRate),
    true,
    formatLearningRate,
  );
  return [
    {
      title: "Loss by learning rate, smoothed",
      blocks: [
        { kind: "scatter", title: "the suggestion is marked", x, y: axis(losses, false, formatMeasure), points: dots },
      ],
    },
  ];
}

/** A curve that prints as its losses over the steps, which are those over the logarithm of the rate. */
export function learningRateWithReading<C extends Curve>(curve: C): C {
  return printsAs(curve, learningRateReading);
}

function learningRateReading(curve: Curve): Reading {
  const short = (): string => learningRateHeading(curve);
  return {
    short,
    whole: () =>
      [
        short(),
        "",
        ...textChart([
          {
            name: "smoothed loss",
            letter: "•",
            points: curve.points.map(({ smoothedLoss }, at) => ({ step: at + 1, value: smoothedLoss })),
          },
        ]),
      ].join("\n"),
  };
}
