/** The losses of a run as an SVG. */
import { BLUE, ORANGE } from "../../data/inspect/svg";
import { type CurvePoint, lineChart } from "../report/charts/line-chart";
import type { Point, RunRows } from "./run-rows";

/**
 * Training and evaluation loss over steps, by the page's own colours but for the curves; nothing where there is none.
 */
export function renderLossCurve({ training, evaluation }: RunRows): string {
  const points = (losses: readonly Point[]): CurvePoint[] => losses.map(({ step, loss }) => ({ step, value: loss }));
  return lineChart({
    title: "losses",
    curves: [
      { name: "training loss", colour: BLUE, points: points(training) },
      { name: "evaluation loss", colour: ORANGE, dashes: "6 3", points: points(evaluation), marked: true },
    ],
  });
}
