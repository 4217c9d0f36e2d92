// Draws README's picture of a run from what a run left: `node scripts/docs/run-picture.mjs <output of npm run demo> <log.jsonl> > docs/images/demo-run.svg`.
import { readFileSync } from "node:fs";

const [outputFile, logFile] = process.argv.slice(2);
const output = readFileSync(outputFile, "utf8")
  .split(/\r|\n/)
  .filter((line) => line.trim() !== "");
const log = readFileSync(logFile, "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line))
  .filter(({ type }) => type === "log");

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const steps = output.filter((line) => line.startsWith("step "));
const shown = [
  "$ npm run demo",
  ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
    steps[Math.round(share * (steps.length - 1))].replace(/ {2}[\d.]+k? tokens.*peak/, "").replace(/ {2}cpu$/, ""),
  ),
  ...output
    .slice(output.findIndex((line) => line.startsWith("training  ")))
    .filter((line) => !/^(?:event loop|memory|log|saved|real|user|sys)/.test(line)),
].map((line) => (line.length > 110 ? `${line.slice(0, 109)}…` : line));

const [width, lineHeight, top] = [860, 18, 44];
const height = top + shown.length * lineHeight + 12;
const terminal = shown.map(
  (line, i) =>
    `<text x="18" y="${top + i * lineHeight}"${i === 0 ? ' fill="#7ee787"' : ""} xml:space="preserve">${escaped(line)}</text>`,
);

// The loss of every tenth step, below the terminal.
const plot = { x: 60, y: height + 34, width: width - 90, height: 150 };
const highest = Math.ceil(Math.max(...log.map(({ loss }) => loss)));
const last = log.at(-1).step;
const x = (step) => plot.x + (step / last) * plot.width;
const y = (loss) => plot.y + plot.height * (1 - loss / highest);
const points = log.map(({ step, loss }) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
const rows = Array.from(
  { length: highest + 1 },
  (_, loss) =>
    `<line x1="${plot.x}" x2="${plot.x + plot.width}" y1="${y(loss)}" y2="${y(loss)}" stroke="#30363d"/><text x="${plot.x - 10}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`,
);
const columns = [0, 200, 400, 600, 800]
  .filter((step) => step <= last)
  .map((step) => `<text x="${x(step)}" y="${plot.y + plot.height + 20}" text-anchor="middle">${step}</text>`);

process.stdout
  .write(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${plot.y + plot.height + 36}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="12.5" fill="#c9d1d9">
<title>A run of npm run demo: progress, results, and the loss by step</title>
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<circle cx="20" cy="18" r="5" fill="#ff5f56"/><circle cx="38" cy="18" r="5" fill="#ffbd2e"/><circle cx="56" cy="18" r="5" fill="#27c93f"/>
${terminal.join("\n")}
<g font-size="11" fill="#8b949e">
<text x="${plot.x}" y="${plot.y - 12}">training loss by step</text>
${rows.join("\n")}
${columns.join("\n")}
<polyline points="${points}" fill="none" stroke="#58a6ff" stroke-width="1.8"/>
</g>
</svg>
`);
