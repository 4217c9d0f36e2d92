import { expect } from "chai";
import { renderReport } from "../../../lib/train/report/render-report";
import type { ReportData } from "../../../lib/train/report/report-data";
import { reportData } from "../../support/report-data";

const EVIL = `</script></style></svg><img src=x onerror="alert(1)">'&amp;<!-- \u001b[31m \u202e \0 \ud800`;

/** Titles of the page's sections, with the text of each. */
function sections(html: string): Map<string, string> {
  return new Map(
    [...html.matchAll(/<section id="(\w+)">(.*?)<\/section>\n/gs)].map(([, id, inner]) => [
      id as string,
      (inner as string).replaceAll(/<[^>]*>/g, " "),
    ]),
  );
}

const classNames = (size: number): string[] => Array.from({ length: size }, (_, id) => `class ${id}`);

describe("renderReport", () => {
  it("is one page, complete in itself: no scripts, nothing loaded", async () => {
    for (const data of [
      reportData(),
      reportData({ problem: "multi-label" }),
      reportData({ problem: "regression", labels: ["stars"] }),
    ]) {
      const html = await renderReport(data);
      expect(html).to.match(/^<!doctype html>\n<html lang="en">.*<\/html>\n$/s);
      expect(html).to.not.match(/<script|<link|<img|<iframe|src=|href="(?!#)|url\(|@import|\bon\w+=/i);
      expect([...sections(html).keys()]).to.deep.equal([
        "training",
        "evaluation",
        "examples",
        "data",
        "settings",
        "versions",
      ]);
    }
  });

  it("is the same for the same data", async () => {
    expect(await renderReport(reportData())).to.equal(await renderReport(reportData()));
  });

  it("takes titles, classes, texts, places and settings for text", async () => {
    for (const problem of ["single-label", "multi-label"] as const) {
      for (const labels of [
        [EVIL, "spam"],
        [EVIL, ...classNames(20)],
      ]) {
        const data = reportData({ problem, labels, texts: [EVIL], title: EVIL });
        const { heldOut, record } = data;
        const html = await renderReport({
          ...data,
          heldOut: { points: [], hardest: (heldOut?.hardest ?? []).map((example) => ({ ...example, place: EVIL })) },
          record: { ...(record as NonNullable<ReportData["record"]>), options: { [EVIL]: EVIL } },
          data: data.data.map((part) => ({ ...part, name: EVIL })),
          versions: { ...data.versions, device: EVIL },
        });
        expect(html).to.not.match(/<img|<script|<!--|onerror="|[\u0000-\u0009\u001b\u202e]|\p{Cs}/u);
        expect(html.match(/<\/style>/g)).to.have.length(1);
        expect(html.split("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;").length).to.be.greaterThan(12);
      }
    }
  });

  it("keeps emoji and lets texts that are written from the right begin there", async () => {
    const html = await renderReport(reportData({ labels: ["👩‍👩‍👧", "عربي"], texts: ["مرحبا بالعالم"] }));
    expect(html).to.contain('<td dir="auto">مرحبا بالعالم</td>').and.to.contain("<bdi>👩‍👩‍👧</bdi>");
  });

  it("opens long texts, line by line", async () => {
    const text = `${"word ".repeat(100)}\nthe last line`;
    const html = await renderReport(reportData({ texts: [text] }));
    expect(html).to.match(
      /<details><summary>(?:word ){31,32}[^<]*…<\/summary>(?:word ){100}<br>the last line<\/details>/,
    );
  });

  it("has a dash for what is not a number, also where JSON made it null", async () => {
    const data = reportData();
    const { evaluation, run } = data as Required<ReportData>;
    for (const none of [NaN, null as unknown as number, Infinity]) {
      const html = await renderReport({
        ...data,
        evaluation: {
          ...evaluation,
          metrics: { loss: none, accuracy: none },
          perClass: evaluation.perClass.map((own) => ({ ...own, rocAuc: none, f1: none })),
          intervals: { accuracy: [none, none] },
        },
        run: {
          ...run,
          loss: none,
          log: run.log.map((entry) => ({ ...entry, loss: none })),
          evaluations: run.evaluations.map((entry) => ({ ...entry, metrics: { loss: none } })),
        },
      });
      expect(html).to.not.match(/NaN|null|Infinity|undefined/);
      expect(html).to.contain("<dt>accuracy</dt><dd>– <small>– to –</small></dd>");
    }
  });

  it("says what is missing and why", async () => {
    const { run: _run, record, evaluation, heldOut: _heldOut, ...rest } = reportData() as Required<ReportData>;
    const nothing = sections(await renderReport({ ...rest, data: [] }));
    expect(nothing.get("training")).to.contain("has not trained the model");
    expect(nothing.get("evaluation")).to.contain("There is no held-out data");
    expect(nothing.get("examples")).to.contain("There is no held-out data");
    expect(nothing.get("settings")).to.contain("There was no run");
    const failed = sections(await renderReport({ ...rest, record, evaluation: { ...evaluation, step: 7 } }));
    expect(failed.get("training")).to.contain("The run failed before its end");
    expect(failed.get("evaluation")).to.contain("as evaluated after step 7 of the run");
    expect(failed.get("examples")).to.contain("give report() a loader");
    expect(failed.get("settings")).to.contain("learningRate 2e-5 5e-5".replaceAll(" ", "  ")); // cells
  });

  it("says how a run ended, and marks its best evaluation", async () => {
    const data = reportData();
    const run = {
      ...(data.run as NonNullable<ReportData["run"]>),
      stoppedBy: "abort" as const,
      steps: 150,
      skippedSteps: 2,
      best: { step: 100, value: 0.25 },
    };
    const training = sections(await renderReport({ ...data, run })).get("training");
    expect(training)
      .to.contain("150 of 200 steps in 1m 15s on cpu, stopped by abort")
      .and.to.contain("2 steps with a loss or gradient that was not finite changed nothing");
    expect(training)
      .to.match(/100 {2}2\.00 .* best loss/)
      .and.to.contain("best loss, step 100: 0.2500");
  });

  it("stays below two megabytes with fifty classes and ten thousand log entries", async () => {
    const html = await renderReport(
      reportData({ labels: classNames(50), steps: 10_000, texts: Array.from({ length: 20 }, () => "x".repeat(2000)) }),
    );
    expect(html.length).to.be.lessThan(500_000);
  });

  it("shows a table of a thousand classes at most", async () => {
    const html = await renderReport(reportData({ labels: classNames(1200), steps: 4 }));
    expect(html)
      .to.contain("By number of examples; 200 rarer ones are not shown")
      .and.to.contain("The 50 of 1200 classes with the most errors");
    expect(html.length).to.be.lessThan(1_000_000);
  });

  it("lists classes by their number of examples", async () => {
    const html = await renderReport(reportData({ labels: classNames(6) }));
    const table = html.slice(html.indexOf("<h3>Classes</h3>"));
    const supports = [...table.matchAll(/<tr><td dir="auto">class \d<\/td><td class="number">(\d+)</g)].map(
      ([, support]) => Number(support),
    );
    expect(supports).to.have.length(6);
    expect(supports).to.deep.equal(supports.toSorted((a, b) => b - a));
  });
});
