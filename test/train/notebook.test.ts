import { expect } from "chai";
import { findNotebook } from "../../lib/train/notebook/kernel";
import { renderRunHtml } from "../../lib/train/notebook/run-html";
import { type RunRow, RunRows } from "../../lib/train/notebook/run-rows";
import { Progress } from "../../lib/train/progress";
import {
  END,
  evaluateEvent,
  evaluationEntry,
  logEntry,
  logEvent,
  runInfo,
  START,
  stepEvent,
} from "../support/run-events";

const row = (step: number, more: Partial<RunRow> = {}): RunRow => ({
  step,
  epoch: step / 4,
  log: logEntry(step),
  ...more,
});

function taken(rows: readonly RunRow[]): RunRows {
  const all = new RunRows();
  for (const each of rows) all.take(each);
  return all;
}

/** Texts of the cells, row by row, the head first. */
function table(html: string): string[][] {
  return [...html.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, cells]) =>
    [...(cells as string).matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, text]) => text as string),
  );
}

/** Places of a curve's points. */
const points = (html: string): string[][] =>
  [...html.matchAll(/<polyline points="([^"]*)"/g)].map(([, list]) => (list as string).split(" "));

describe("renderRunHtml", () => {
  it("has a row for each step that was logged or evaluated, with a log and the evaluation of its step in one", () => {
    const rows = [
      row(1),
      row(2, {
        evaluation: [
          ["loss", 0.5],
          ["accuracy", 0.75],
        ],
      }),
      { step: 3, epoch: 0.75, evaluation: [["loss", 0.25]] } as const,
    ];
    expect(table(renderRunHtml({ rows: taken(rows) }))).to.deep.equal([
      [
        "step",
        "epoch",
        "loss",
        "learning rate",
        "grad norm",
        "examples/s",
        "tokens/s",
        "padding",
        "peak memory",
        "eval loss",
        "eval accuracy",
      ],
      ["1", "0.25", "1.0000", "1e-5", "2.00", "8.00", "50.0", "25%", "2.0 KiB", "", ""],
      ["2", "0.50", "0.5000", "1e-5", "2.00", "8.00", "50.0", "25%", "2.0 KiB", "0.5000", "0.7500"],
      ["3", "0.75", "", "", "", "", "", "", "", "0.2500", ""],
    ]);
  });

  it("shows the first row and the last twenty of a long run, and does not grow with it", () => {
    const long = (rows: number): string =>
      renderRunHtml({ rows: taken(Array.from({ length: rows }, (_, i) => row(i + 1))) });
    const steps = table(long(100))
      .slice(1)
      .map(([first]) => first);
    expect(steps).to.deep.equal(["1", "… 79 more …", ...Array.from({ length: 20 }, (_, i) => String(81 + i))]);
    expect(table(long(21)).slice(1)).to.have.length(21);
    expect(long(100_000).length).to.be.lessThan(20_000);
    expect(points(long(100_000))[0]?.length).to.be.within(200, 401);
  });

  it("draws the losses of training and evaluation to scale, and leaves out what is not finite", () => {
    const rows = [
      { ...row(1), log: logEntry(1, { loss: 4 }) },
      { ...row(2), log: logEntry(2, { loss: NaN }) },
      { ...row(3), log: logEntry(3, { loss: 2 }), evaluation: [["loss", 3]] as const },
      { ...row(5), log: logEntry(5, { loss: 0 }), evaluation: [["loss", 1]] as const },
    ];
    const [training = [], evaluation = []] = points(renderRunHtml({ rows: taken(rows) })).map((list) =>
      list.map((point) => point.split(",").map(Number) as [number, number]),
    );
    expect(training).to.have.length(3);
    const [[left = 0, top = 0] = [], [middle, half] = [], [right = 0, bottom = 0] = []] = training;
    expect(left).to.be.lessThan(right);
    expect(top).to.be.lessThan(bottom); // pixels count downwards
    expect([middle, half]).to.deep.equal([(left + right) / 2, (top + bottom) / 2]);
    expect(evaluation).to.deep.equal([
      [middle, top + (bottom - top) / 4],
      [right, top + (3 * (bottom - top)) / 4],
    ]);
    expect(renderRunHtml({ rows: taken([{ ...row(1), log: logEntry(1, { loss: NaN }) }]) })).to.not.contain("<svg");
    expect(renderRunHtml({ rows: taken([row(1)]) }))
      .to.contain("<circle")
      .and.to.not.contain("NaN");
  });

  it("takes names, devices and errors for text", () => {
    const evil = `</td><script>alert("1")</script>&'`;
    const html = renderRunHtml({
      state: { device: evil, step: 1, totalSteps: 4, epoch: 0.25 },
      rows: taken([row(1, { evaluation: [[evil, 1]] })]),
      batches: { operation: evil, done: 1, total: 2 },
      outcome: evil,
    });
    expect(html).to.not.contain("<script").and.to.not.contain(`alert("`);
    expect(html.split("&lt;/td&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;")).to.have.length(6); // in the bar's label and text
    expect(html.replaceAll(/&\w+;|&#39;/g, "")).to.match(/^<div class="torchwright-run">[^&]*<\/div>$/);
  });

  it("loads nothing and runs nothing", () => {
    const html = renderRunHtml({
      state: { device: "cpu", step: 1, totalSteps: 4, epoch: 0.25 },
      rows: taken([row(1)]),
      outcome: "done",
    });
    expect(html).to.not.match(/<script|<link|<img|src=|href=|url\(|@import|\bon\w+=/i);
  });
});

describe("findNotebook", () => {
  it("finds none here", () => {
    expect(findNotebook()).to.equal(undefined);
    for (const globals of [
      {},
      { __tslab__: null },
      { __tslab__: 3, $$: () => undefined },
      { $$: {} },
      { $$: { display: "x" } },
    ]) {
      expect(findNotebook(globals)).to.equal(undefined);
    }
  });

  it("asks tslab's own module for a display that is overwritten, and only once one is needed", () => {
    const asked: string[] = [];
    const display = { html: () => undefined };
    const open = findNotebook({
      __tslab__: { exports: {}, require: (name: string) => (asked.push(name), { newDisplay: () => display }) },
    });
    expect(asked).to.deep.equal([]);
    expect(open?.()).to.equal(display);
    expect(asked).to.deep.equal(["tslab"]);
  });

  it("asks IJavascript for a display under a name of its own", () => {
    const names: string[] = [];
    const open = findNotebook({ $$: { display: (name: string) => (names.push(name), { html: () => undefined }) } });
    open?.();
    open?.();
    expect(new Set(names).size).to.equal(2);
  });
});

describe("progress in a notebook", () => {
  /** A kernel that keeps what its displays show, and the time in milliseconds at which it was shown. */
  function notebook(mode: "auto" | "notebook" = "auto") {
    const clock = { now: 0 };
    const displays: { readonly shown: { readonly at: number; readonly html: string }[]; closed: number }[] = [];
    const open = () => {
      const display = { shown: [] as { at: number; html: string }[], closed: 0 };
      displays.push(display);
      return {
        html: (html: string) => void display.shown.push({ at: clock.now, html }),
        close: () => void display.closed++,
      };
    };
    const output = { write: () => expect.fail("wrote to the terminal") };
    return { clock, displays, progress: new Progress(mode, { output, notebook: open, now: () => clock.now }) };
  }

  it("updates one output, at most twice a second, and ends with the last state", () => {
    const { clock, displays, progress } = notebook();
    progress.open(runInfo());
    progress.onEvent({ ...START, totalSteps: 100 });
    for (let step = 1; step <= 100; step++) {
      clock.now += 100;
      progress.onEvent(stepEvent(step));
      if (step % 10 === 0) progress.onEvent(logEvent(step));
    }
    progress.onEvent(evaluateEvent(100));
    progress.onEvent(END);
    progress.close();
    progress.close();
    expect(displays).to.have.length(1);
    const [{ shown, closed } = { shown: [], closed: 0 }] = displays;
    expect(closed).to.equal(1);
    expect(shown.length).to.be.within(20, 22);
    expect(shown[0]?.at).to.equal(0);
    const gaps = shown.slice(1, -1).map(({ at }, i) => at - (shown[i]?.at ?? 0));
    expect(Math.min(...gaps)).to.be.at.least(500);
    const last = shown.at(-1)?.html ?? "";
    expect(last).to.contain("trained 2 of 4 steps").and.to.contain("step 100/100");
    expect(table(last).at(-1)).to.include.members(["100", "0.7500"]);
  });

  it("shows what a run failed with", () => {
    const { displays, progress } = notebook("notebook");
    progress.onEvent(START);
    progress.onEvent(logEvent(1));
    progress.close(new Error("loss <NaN> at step 2"));
    const last = displays[0]?.shown.at(-1)?.html ?? "";
    expect(last).to.contain("failed: loss &lt;NaN&gt; at step 2");
    expect(table(last)).to.have.length(2);
  });

  it("shows the part before a break, too", () => {
    const { displays, progress } = notebook();
    progress.open(runInfo({ step: 2, log: [logEntry(1), logEntry(2)], evaluations: [evaluationEntry(2)] }));
    progress.onEvent(START);
    progress.onEvent({ type: "resume", step: 2, epoch: 0.5, folder: "checkpoint-2", passedOver: [] });
    progress.onEvent(logEvent(3));
    progress.close();
    expect(table(displays[0]?.shown.at(-1)?.html ?? "").map(([step]) => step)).to.deep.equal(["step", "1", "2", "3"]);
  });

  it("shows an evaluation's batches while it goes on, within a run and alone", () => {
    const { clock, displays, progress } = notebook();
    progress.batches("evaluate", 1, 3);
    clock.now = 100;
    progress.batches("evaluate", 2, 3);
    progress.batches("evaluate", 3, 3);
    progress.close();
    const shown = displays[0]?.shown.map(({ html }) => /batch \d\/\d/.exec(html)?.[0]);
    expect(shown).to.deep.equal(["batch 1/3", "batch 3/3"]);

    const run = notebook();
    run.progress.onEvent(START);
    run.clock.now = 600;
    run.progress.batches("evaluate", 1, 3);
    run.clock.now = 1200;
    run.progress.onEvent(evaluateEvent(4));
    expect(run.displays[0]?.shown.map(({ html }) => html.includes("batch 1/3"))).to.deep.equal([false, true, false]);
  });

  it("is left for the terminal's ways where they are asked for", () => {
    let text = "";
    const progress = new Progress("lines", {
      output: { write: (part) => (text += part) },
      notebook: () => expect.fail("opened a display"),
      now: () => 0,
    });
    progress.onEvent(START);
    progress.close();
    expect(text).to.contain("training on cpu");
  });
});
