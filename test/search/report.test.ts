import { inspect } from "node:util";
import { expect } from "chai";
import fc from "fast-check";
import { displayWidth } from "../../lib/data/inspect/display-width";
import * as hp from "../../lib/search/hp";
import { search } from "../../lib/search/search";
import { SearchProgress } from "../../lib/search/search-progress";
import type { SearchResult } from "../../lib/search/search-result";
import type { SearchSpace } from "../../lib/search/space";

const SPACE = {
  rate: hp.logUniform(1e-5, 1e-1),
  kind: hp.choice(["plain", { power: 2 }, null]),
  size: hp.integer(1, 9),
};
const HOSTILE = `</script></style></svg><img src=x onerror="alert(1)">'&amp;<!-- \u001b[31m \u202e \0 \ud800`;

/** Nine trials, of which trial 4 fails; trial 0 is the best. */
function halved(): Promise<SearchResult<typeof SPACE>> {
  return search(
    SPACE,
    ({ trial, budget }) => {
      if (trial === 4) throw new Error("out of luck");
      return { score: 1 - trial / 8 - 0.25 / budget, metrics: { accuracy: trial / 16 } };
    },
    { trials: 9, direction: "maximize", strategy: "halving", maxBudget: 9, seed: 1, progress: "silent" },
  );
}

/** The rows of the first table after a heading: cells by column, as the columns of text begin. */
function rowsAfter(text: string, title: string): string[] {
  const lines = text.split("\n");
  const start = lines.indexOf(title) + 1;
  return lines
    .slice(start, lines.indexOf("", start) < 0 ? undefined : lines.indexOf("", start))
    .map((line) => line.trim().replace(/ {2,}/g, "|"));
}

describe("a search's report as text", () => {
  it("has all trials, the best first, failed ones last, with their values", async () => {
    const result = await halved();
    const text = String(result);
    expect(text.split("\n")[0]).to.equal("Search of 9 trials to maximize the score: 1 done, 7 pruned, 1 failed");
    const [header, ...rows] = rowsAfter(text, "Trials");
    expect(header).to.equal("trial|score|status|budget|rate|kind|size|time");
    expect(rows.map((row) => row.split("|").slice(0, 2).join(" "))).to.deep.equal([
      "0 0.9722",
      "1 0.7917",
      "2 0.6667",
      "3 0.375",
      "5 0.125",
      "6 0",
      "7 -0.125",
      "8 -0.25",
      "4 failed",
    ]);
    const { rate, kind, size } = result.best.values;
    expect(rows[0]?.split("|").slice(2)).to.deep.equal([
      "done",
      "9",
      text.match(/rate ([^,]+),/)?.[1],
      typeof kind === "string" ? kind : JSON.stringify(kind),
      String(size),
      "0s",
    ]);
    expect(Number(text.match(/rate ([^,]+),/)?.[1])).to.be.closeTo(rate, 0.01 * rate);
  });

  it("has the rungs of successive halving, and the failures", async () => {
    const text = String(await halved());
    expect(rowsAfter(text, "Rungs")).to.deep.equal([
      "rung|budget|trials|scores|lowest|highest",
      "1|1|9|8|-0.25|0.75",
      "2|3|3|3|0.6667|0.9167",
      "3|9|1|1|0.9722|0.9722",
    ]);
    expect(rowsAfter(text, "Failures")).to.deep.equal(["trial|code|message", "4|out of luck"]);
    const random = String(
      await search(SPACE, ({ trial }) => trial, { trials: 3, direction: "minimize", progress: "silent" }),
    );
    expect(random).to.not.match(/Rungs|Failures|status|budget/);
  });

  it("is what console.log prints, and JSON has the data", async () => {
    const result = await halved();
    expect(inspect(result)).to.equal(String(result));
    const data = JSON.parse(JSON.stringify(result)) as { trials: object[] };
    expect(data).to.deep.include({
      best: 0,
      strategy: "halving",
      direction: "maximize",
      stoppedBy: "end",
      rungs: result.rungs,
    });
    expect(data.trials[1]).to.deep.include({ trial: 1, status: "pruned", values: result.trials[1]?.values });
  });

  it("is at most 80 columns wide and has no control characters, whatever the names, values and errors", async () => {
    const name = fc.string({
      unit: fc.oneof(
        fc.constantFrom("a", "b", " ", "漢", "\n", "\u001b", "&amp;"),
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      ),
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, name, { minKeys: 1, maxKeys: 12 }), name, async (given, message) => {
        const space: SearchSpace = Object.fromEntries(
          Object.entries(given).map(([key, value]) => [key, hp.choice([value, 1e-7])]),
        );
        const result = await search(
          space,
          ({ trial }) => {
            if (trial === 1) throw new Error(message);
            return trial;
          },
          { trials: 2, direction: "minimize", progress: "silent" },
        );
        for (const line of String(result).split("\n")) {
          expect(displayWidth(line), line).to.be.at.most(80);
          expect(line).to.not.match(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});

describe("a search's report as HTML", () => {
  it("is one element, complete in itself, with all trials and their metrics, and a chart of each hyper-parameter", async () => {
    const html = (await halved()).toHtml();
    expect(html).to.match(/^<div [^]*<\/div>$/);
    expect(html).to.not.match(/<script|src=|href=|url\(|@import/);
    expect(html.match(/<svg /g)).to.have.length(3);
    // Eight points in each chart, one of them the best.
    expect(html.match(/<circle /g)).to.have.length(3 * 8);
    expect(html.match(/r="6"/g)).to.have.length(3);
    expect(html).to.contain('<th scope="col" class="number">accuracy</th>').and.to.contain("out of luck");
    for (const tag of ["div", "section", "table", "figure", "svg", "circle", "title", "tr", "td"]) {
      expect(html.match(new RegExp(`<${tag}[ >]`, "g"))?.length, tag).to.equal(
        html.match(new RegExp(`</${tag}>`, "g"))?.length,
      );
    }
  });

  it("draws points where their values and scores are", async () => {
    const space = { rate: hp.logUniform(1e-4, 1), kind: hp.choice(["a", "b"]) };
    const result = await search(space, ({ trial }) => trial, { trials: 3, direction: "minimize", progress: "silent" });
    const [rates = "", kinds = ""] = result.toHtml().split("<svg ").slice(1);
    const placesIn = (svg: string) =>
      new Map(
        [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"[^]*?<title>trial (\d+)/g)].map(([, x, y, trial]) => [
          Number(trial),
          { x: Number(x), y: Number(y) },
        ]),
      );
    const [first, second] = [placesIn(rates), placesIn(kinds)];
    for (const {
      trial,
      values: { rate, kind },
    } of result.trials) {
      // The plot is from 64 to 616 and from 168 up to 8 pixels.
      expect(first.get(trial)?.x).to.be.closeTo(64 + (552 * Math.log10(rate / 1e-4)) / 4, 0.01);
      expect(first.get(trial)?.y).to.be.closeTo(168 - 80 * trial, 0.01);
      expect(second.get(trial)?.x).to.be.closeTo(64 + 552 * (kind === "a" ? 0.25 : 0.75), 0.01);
    }
  });

  it("escapes names, values, metrics and messages", async () => {
    const result = await search(
      { [HOSTILE]: hp.choice([HOSTILE, { [HOSTILE]: 1 }]) },
      ({ trial }) => {
        if (trial === 1) throw new Error(HOSTILE);
        return { score: 1, metrics: { [HOSTILE]: 1 } };
      },
      { trials: 2, direction: "minimize", progress: "silent" },
    );
    const html = result.toHtml();
    expect(html).to.not.match(/<img|<\/script|<!--|\u001b|\u202e|\0/);
    expect(html).to.contain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
    expect(String(result)).to.not.match(/[\u0000-\u0009\u000b-\u001f\u202e\ud800]/);
  });

  it("has no charts where there is nothing to draw, and one point where there is one", async () => {
    const one = await search(SPACE, () => 5, { trials: 1, direction: "minimize", progress: "silent" });
    expect(one.toHtml().match(/<circle /g)).to.have.length(3);
    expect(one.toHtml()).to.not.match(/NaN|Infinity/);
    const none = await search(SPACE, () => 5, {
      trials: 1,
      direction: "minimize",
      progress: "silent",
      signal: AbortSignal.abort(),
    });
    expect(none.toHtml()).to.not.contain("<svg");
  });
});

describe("the progress of a search", () => {
  const told = (progress: "lines" | "silent"): string[] => {
    const lines: string[] = [];
    const rung = { budget: 3, score: 0.123456789, metrics: {}, seconds: 65 };
    const shown = new SearchProgress(
      {
        progress,
        rungs: [
          { trials: 9, budget: 1 },
          { trials: 3, budget: 3 },
        ],
      },
      { write: (text) => lines.push(text) },
    );
    shown.resumed(1);
    shown.resumed(2);
    shown.result({ trial: 2, rungs: [rung], score: rung.score }, 2);
    shown.result({ trial: 3, rungs: [rung], score: rung.score }, 2);
    shown.result({ trial: 4, rungs: [], score: undefined, error: { message: "no\u001b" } }, undefined);
    return lines;
  };

  it("is a line for each result", () => {
    expect(told("lines")).to.deep.equal([
      "going on after 1 result\n",
      "going on after 2 results\n",
      "trial 2 of 9 with budget 3: score 0.123457 in 1m 05s, the best so far\n",
      "trial 3 of 9 with budget 3: score 0.123457 in 1m 05s; the best is trial 2\n",
      "trial 4 of 9: failed: no\\u001b\n",
    ]);
  });

  it("is nothing where it is to be silent", () => {
    expect(told("silent")).to.deep.equal([]);
  });
});
