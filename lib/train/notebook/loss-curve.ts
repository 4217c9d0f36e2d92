/** The losses of a run as an SVG. */
import { formatMeasure } from "../progress-format";
import type { Point, RunRows } from "./run-rows";

/** Pixels. */
const WIDTH = 640;
const HEIGHT = 200;
const LEFT = 56;
const BOTTOM = 20;
/** On white and on black alike their contrast is about 4 to 1. */
const TRAINING = "#3b82c4";
const EVALUATION = "#c2711a";

/** Training and evaluation loss over steps, by the page's own colours but for the curves; nothing where there is none. */
export function renderLossCurve({ training, evaluation }: RunRows): string {
  const all = [...training, ...evaluation];
  if (all.length === 0) return "";
  const [firstStep, lastStep] = range(all.map(({ step }) => step));
  const [least, most] = range(all.map(({ loss }) => loss));
  // What is the same everywhere is drawn in the middle.
  const place = (value: number, from: number, to: number): number => (to > from ? (value - from) / (to - from) : 0.5);
  const x = (step: number): number => round(LEFT + place(step, firstStep, lastStep) * (WIDTH - LEFT - 8));
  const y = (loss: number): number => round(8 + (1 - place(loss, least, most)) * (HEIGHT - BOTTOM - 16));
  const line = (points: readonly Point[], colour: string): string =>
    points.length === 0 ? "" : `<polyline points="${points.map(({ step, loss }) => `${x(step)},${y(loss)}`).join(" ")}" fill="none" stroke="${colour}" stroke-width="1.5"></polyline>`;
  const dots = (points: readonly Point[], colour: string): string =>
    points.map(({ step, loss }) => `<circle cx="${x(step)}" cy="${y(loss)}" r="2.5" fill="${colour}"><title>step ${step}: ${formatMeasure(loss)}</title></circle>`).join("");
  const label = (text: string, at: number, height: number, anchor: string, colour = "currentColor"): string => `<text x="${at}" y="${height}" text-anchor="${anchor}" fill="${colour}">${text}</text>`;
  const drawn = [
    `<path d="M ${LEFT} 4 V ${HEIGHT - BOTTOM} H ${WIDTH}" fill="none" stroke="currentColor" stroke-opacity="0.35"></path>`,
    line(training, TRAINING),
    training.length === 1 ? dots(training, TRAINING) : "",
    line(evaluation, EVALUATION),
    dots(evaluation, EVALUATION),
    label(formatMeasure(most), LEFT - 6, 16, "end"),
    most > least ? label(formatMeasure(least), LEFT - 6, HEIGHT - BOTTOM - 4, "end") : "",
    label(`step ${firstStep}`, LEFT, HEIGHT - 4, "start"),
    label(String(lastStep), WIDTH - 8, HEIGHT - 4, "end"),
    label("training loss", WIDTH / 2 - 8, HEIGHT - 4, "end", TRAINING),
    evaluation.length === 0 ? "" : label("evaluation loss", WIDTH / 2 + 8, HEIGHT - 4, "start", EVALUATION),
  ];
  return `<svg role="img" aria-label="losses" font-size="12" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">${drawn.join("")}</svg>`;
}

function range(values: readonly number[]): readonly [least: number, most: number] {
  return [Math.min(...values), Math.max(...values)];
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
