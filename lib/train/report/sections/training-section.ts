/** How a run went: curves over its steps, and a table of its evaluations. */
import { plural } from "../../../data/inspect/numbers";
import { BLUE, ORANGE } from "../../../data/inspect/svg";
import type { ModelProblem } from "../../../models/model";
import { HEADLINE } from "../../headline";
import { formatDuration } from "../../progress-format";
import { type Curve, type CurvePoint, lineChart } from "../charts/line-chart";
import type { ReportData } from "../report-data";
import { type Cell, figure, measure, type PageSection, paragraph, richTable } from "./html";

type Run = NonNullable<ReportData["run"]>;

/** Metrics that have a chart together, as they are of one scale. */
const CHARTS: Readonly<Record<ModelProblem, readonly (readonly string[])[]>> = {
  "single-label": [["accuracy", "macroF1", "weightedF1"]],
  "multi-label": [["microF1", "macroF1", "subsetAccuracy"]],
  regression: [
    ["r2", "pearson"],
    ["rmse", "mae"],
  ],
};

const LOOKS = [{ colour: BLUE }, { colour: ORANGE, dashes: "6 3" }, { colour: "#2e8f5b", dashes: "2 2" }] as const;

/** Evaluations up to which each is a mark on its curve, and those that the table shows. */
const MARKED = 100;
const ROWS = 50;

export function trainingSection({ problem, record, run }: ReportData): PageSection {
  return {
    id: "training",
    title: "Training",
    pieces: run ? runPieces(problem, run, bestMetricOf(record)) : [paragraph(whyNone(record !== undefined))],
  };
}

function whyNone(recorded: boolean): string {
  return recorded
    ? "The run failed before its end, so there is nothing to tell of its course."
    : "This Trainer has not trained the model, so there are no curves and no settings.";
}

function bestMetricOf(record: ReportData["record"]): string {
  const metric = record?.options["metricForBestModel"];
  return typeof metric === "string" ? metric : "loss";
}

/** What a run did, in a sentence, curves and a table. */
export function* runPieces(problem: ModelProblem, run: Run, bestMetric: string): Generator<string> {
  const { log, evaluations, best } = run;
  const logged = (name: "loss" | "learningRate" | "gradNorm"): CurvePoint[] =>
    log.map((entry) => ({ step: entry.step, value: entry[name] }));
  const measured = (name: string): CurvePoint[] =>
    evaluations.map(({ step, metrics }) => ({ step, value: metrics[name] ?? NaN }));
  const marked = evaluations.length <= MARKED;
  const mark = best && { step: best.step, text: `best ${bestMetric}, step ${best.step}: ${measure(best.value)}` };

  yield paragraph(outcome(run));
  yield '<div class="charts">';
  const losses = [
    { name: "training loss", ...LOOKS[0], points: logged("loss") },
    { name: "held-out loss", ...LOOKS[1], points: measured("loss"), marked },
  ];
  yield figure("Loss by step", lineChart({ title: "losses", curves: losses, mark }));
  const known = CHARTS[problem];
  const more = bestMetric === "loss" || known.flat().includes(bestMetric) ? [] : [[bestMetric]];
  for (const names of [...known, ...more]) {
    const curves = names.map((name, at): Curve => ({
      name,
      ...(LOOKS[at] ?? LOOKS[0]),
      points: measured(name),
      marked,
    }));
    yield figure(`${names.join(", ")} on held-out data, by step`, lineChart({ title: names.join(", "), curves, mark }));
  }
  yield figure(
    "Learning rate by step",
    lineChart({
      title: "learning rate",
      curves: [{ name: "learning rate", ...LOOKS[0], points: logged("learningRate") }],
    }),
  );
  yield figure(
    "Norm of the gradients by step, before clipping",
    lineChart({
      title: "norm of the gradients",
      curves: [{ name: "gradient norm", ...LOOKS[0], points: logged("gradNorm") }],
    }),
  );
  yield "</div>";
  yield evaluationTable(problem, run, bestMetric);
}

function outcome({
  stoppedBy,
  steps,
  totalSteps,
  epochs,
  seconds,
  skippedSteps,
  examples,
  tokens,
  device,
}: Run): string {
  const why = stoppedBy === "end" ? "" : `, stopped by ${stoppedBy}`;
  const skipped =
    skippedSteps > 0
      ? ` ${plural(skippedSteps, "step")} with a loss or gradient that was not finite changed nothing.`
      : "";
  return `${steps} of ${plural(totalSteps, "step")} in ${formatDuration(seconds)} on ${device}${why}: ${epochs.toFixed(2)} passes over the data, ${plural(examples, "example")}, ${plural(tokens, "token")}.${skipped}`;
}

function evaluationTable(problem: ModelProblem, { log, evaluations, best }: Run, bestMetric: string): string {
  if (evaluations.length === 0) return paragraph("The run had no held-out data to evaluate.");
  const names = [...new Set([...HEADLINE[problem], bestMetric])];
  const last = evaluations.slice(-ROWS);
  const first = evaluations.slice(0, -ROWS);
  const shown = [...first.filter(({ step }) => step === best?.step), ...last];
  const rows = shown.map(({ step, epoch, metrics }): Cell[] => {
    const loss = log.findLast((entry) => entry.step <= step)?.loss;
    return [
      String(step),
      epoch.toFixed(2),
      measure(loss),
      ...names.map((name) => measure(metrics[name])),
      step === best?.step ? `best ${bestMetric}` : "",
    ];
  });
  const hidden = evaluations.length - shown.length;
  const caption = `Evaluations on held-out data${hidden > 0 ? `; ${hidden} earlier ones are not shown` : ""}`;
  const columns = ["step", "epoch", "training loss", ...names].map((title) => ({ title, numeric: true }));
  return richTable(caption, [...columns, { title: "" }], rows);
}
