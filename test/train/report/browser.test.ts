/** Looks at reports in a headless Chromium: what is there is to be seen. */
import { inflateSync } from "node:zlib";
import { expect } from "chai";
import { renderReport } from "../../../lib/train/report/render-report";
import { type Measured, measurePage, screenshot, type View, withoutBrowser } from "../../support/browser";
import { type MadeUp, reportData } from "../../support/report-data";

const TEXTS = [
  `<script>document.title = "run"; throw new Error("it ran")</script> & "quotes" 'single'`,
  "😀 emoji",
  "مرحبا بالعالم",
  "x".repeat(3000),
];
const classNames = (size: number): string[] => Array.from({ length: size }, (_, id) => `class ${id}`);

const measured = async (madeUp: MadeUp, view: View = {}): Promise<Measured> =>
  measurePage(await renderReport(reportData({ texts: TEXTS, ...madeUp })), view);

/**
 * Sections and charts are there and have a size; nothing is wider than the page, hidden, or wrong in the console's
 * eyes.
 */
function isWhole({ sections, charts, contrasts, overflow, console }: Measured): void {
  expect(sections.map(({ id }) => id)).to.deep.equal([
    "training",
    "evaluation",
    "examples",
    "data",
    "settings",
    "versions",
  ]);
  for (const { id, height } of sections) expect(height, id).to.be.greaterThan(80);
  for (const { name, width, height, shapes } of charts) {
    expect([width > 250, height > 20, shapes > 0], name).to.deep.equal([true, true, true]);
  }
  expect(contrasts).to.have.length(5);
  for (const { text, ratio } of contrasts) expect(ratio, text).to.be.at.least(4);
  expect(overflow).to.be.at.most(0);
  expect(console).to.deep.equal([]);
}

(withoutBrowser ? describe.skip : describe)("a report in a browser", () => {
  it("shows two classes: curves, calibration, confusions, and texts as they are", async () => {
    const page = await measured({});
    isWhole(page);
    expect(page.charts.map(({ name }) => name)).to.deep.equal([
      "losses",
      "accuracy, macroF1, weightedF1",
      "learning rate",
      "norm of the gradients",
      "calibration curve",
      "training: 200 rows",
      "held-out: 200 rows",
    ]);
    expect(page.background).to.equal("rgb(255, 255, 255)");
    // evaluations, pairs, matrix, classes, examples, data, options, versions; those at their default are folded
    expect(page.tables).to.equal(8);
    const texts = page.cells.filter((_, at) => at % 5 === 3);
    expect(texts.slice(0, 3)).to.deep.equal(TEXTS.slice(0, 3));
    expect(page.title).to.equal("Training report");
  });

  it("shows fifty classes in the dark, with a map for the matrix", async () => {
    const page = await measured({ labels: classNames(50), steps: 10_000 }, { dark: true });
    isWhole(page);
    expect(page.background).to.equal("rgb(20, 24, 29)");
    const map = page.charts.find(({ name }) => name === "confusion matrix");
    expect(map?.width).to.be.greaterThan(700); // in its own scroll area, at its own size
    expect(map?.shapes).to.be.greaterThan(100);
  });

  it("shows many labels of each text on a narrow screen", async () => {
    const page = await measured({ problem: "multi-label", labels: classNames(12) }, { width: 500 });
    isWhole(page);
    expect(page.charts.map(({ name }) => name)).to.include("microF1, macroF1, subsetAccuracy");
  });

  it("shows a regression's predictions against its targets", async () => {
    const page = await measured({ problem: "regression", labels: ["stars"] }, { dark: true });
    isWhole(page);
    expect(page.charts.find(({ name }) => name === "predictions against targets")?.shapes).to.be.greaterThan(300);
  });

  it("shows a long title, long classes and long texts without breaking the page", async () => {
    const long = "w".repeat(400);
    isWhole(await measured({ labels: [long, `${long}2`, "short"], title: long, texts: [long] }));
  });

  it("is painted, light and dark", async () => {
    const html = await renderReport(reportData({ texts: TEXTS }));
    const size = { width: 800, height: 500 };
    const [light, dark] = (await Promise.all([screenshot(html, size), screenshot(html, { ...size, dark: true })])).map(
      pixels,
    ) as [Picture, Picture];
    for (const [picture, ground] of [
      [light, [255, 255, 255]],
      [dark, [20, 24, 29]],
    ] as const) {
      expect([picture.width, picture.height]).to.deep.equal([800, 500]);
      expect(picture.share(ground)).to.be.within(0.5, 0.98); // the page itself; all else is ink
      expect(picture.share([59, 130, 196])).to.be.greaterThan(0.0002); // curves
    }
  });
});

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Of the pixels that have just this colour. */
  share(colour: readonly number[]): number;
}

/** A PNG of 8 bits in RGB or RGBA without interlacing, as Chromium writes it: https://www.w3.org/TR/png-3 */
function pixels(png: Buffer): Picture {
  const [width, height, channels] = [png.readUInt32BE(16), png.readUInt32BE(20), png[25] === 6 ? 4 : 3];
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const data = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const lines = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)] as number;
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : (lines[y * stride + x - channels] as number);
      const up = y === 0 ? 0 : (lines[(y - 1) * stride + x] as number);
      const corner = x < channels || y === 0 ? 0 : (lines[(y - 1) * stride + x - channels] as number);
      const guess =
        filter === 0
          ? 0
          : filter === 1
            ? left
            : filter === 2
              ? up
              : filter === 3
                ? (left + up) >> 1
                : paeth(left, up, corner);
      lines[y * stride + x] = (data[y * (stride + 1) + 1 + x] as number) + guess;
    }
  }
  return {
    width,
    height,
    share: ([red, green, blue]) => {
      let count = 0;
      for (let at = 0; at < lines.length; at += channels) {
        if (lines[at] === red && lines[at + 1] === green && lines[at + 2] === blue) count++;
      }
      return count / (width * height);
    },
  };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(guess - value)) as [number, number, number];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
