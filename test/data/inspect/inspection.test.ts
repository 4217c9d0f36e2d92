import { expect } from "chai";
import fc from "fast-check";
import { inspect as nodeInspect } from "node:util";
import type { Example, Label } from "../../../lib/data/example";
import { displayWidth } from "../../../lib/data/inspect/display-width";
import { inspect } from "../../../lib/data/inspect/inspect";
import type { Inspectable } from "../../../lib/data/inspect/inspectable";
import type { Inspection } from "../../../lib/data/inspect/inspection";
import { FakeTokenizer } from "../../support/fake-tokenizer";

function dataset(examples: readonly Example[], place = (row: number): string => `row ${row}`): Inspectable {
  return { length: examples.length, get: (row) => examples[row] as Example, describeRow: place };
}

const HOSTILE = `</script></style></svg><img src=x onerror="alert(1)">'&amp;<!-- \u001b[31m \u202e \0 \ud800`;

/** Hostile texts in every place that a report shows. */
function hostile(): Promise<Inspection> {
  const rows = [HOSTILE, HOSTILE, `${HOSTILE}!`, "", "fine"].map((text, i) => ({
    text,
    label: i % 2 === 0 ? HOSTILE : "x",
  }));
  return inspect({ [HOSTILE]: dataset(rows, () => HOSTILE), "the other": dataset(rows, () => HOSTILE) });
}

describe("Inspection.toString", () => {
  it("aligns columns", async () => {
    const rows = [
      { text: "one two", label: "bug" },
      { text: "three", label: "漢字" },
      { text: "four five six", label: "bug" },
      { text: "seven", label: "bug" },
    ];
    const lines = String(
      await inspect({ train: dataset(rows), test: dataset([{ text: "eight", label: "bug" }]) }),
    ).split("\n");
    const start = lines.indexOf("Labels");
    expect(lines.slice(start, start + 8)).to.deep.equal([
      "Labels",
      "  train: 4 rows",
      "  bug   3 (75.0%)  ██████████████████████████████",
      "  漢字  1 (25.0%)  ██████████",
      "  test: 1 row",
      "  bug   1 (100.0%)  ██████████████████████████████",
      "  漢字    0 (0.0%)",
      "",
    ]);
    const words = lines.indexOf("  In words");
    expect(lines.slice(words + 1, words + 4)).to.deep.equal([
      "  split  min  p5  p25  p50  p75  p90  p95  p99  max  mean",
      "  train    1   1    1  1.5  2.3  2.7  2.9  3.0    3   1.8",
      "  test     1   1    1    1    1    1    1    1    1     1",
    ]);
  });

  it("is what console.log prints", async () => {
    const inspection = await inspect(dataset([{ text: "a" }]));
    expect(nodeInspect(inspection)).to.equal(inspection.toString());
    expect(inspection.toString()).to.match(/^Inspection of 1 row\n/);
  });

  it("is at most 80 columns wide and has no control characters, whatever the data", async () => {
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom("a", "b", " ", "漢", "\n", "\u001b", "é", "&amp;"),
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      ),
      maxLength: 200,
    });
    const label = fc.oneof(fc.string({ maxLength: 120 }), fc.constantFrom("x", "y"));
    const rows = fc.array(fc.record({ text, label }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string({ maxLength: 100 }), rows, { minKeys: 1, maxKeys: 5 }),
        async (splits) => {
          const inspection = await inspect(
            Object.fromEntries(Object.entries(splits).map(([name, own]) => [name, dataset([...own, ...own])])),
          );
          for (const line of inspection.toString().split("\n")) {
            expect(displayWidth(line), line).to.be.at.most(80);
            expect(line).to.not.match(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
          }
        },
      ),
      { seed: 1, numRuns: 60 },
    );
    expect(String(await hostile())).to.not.match(/[\u0000-\u0009\u000b-\u001f\u202e\ud800]/);
  });

  it("lists some of many classes and says how many others there are", async () => {
    const rows = Array.from({ length: 100 }, (_, i) =>
      Array.from({ length: i + 1 }, (__, j) => ({ text: `${i} ${j}`, label: `class ${i}` })),
    ).flat();
    const report = String(await inspect(dataset(rows), { nearDuplicates: false }));
    expect(report).to.include("class 99 ").and.to.include("class 0 ").and.to.include("… 70 classes between");
    expect(report).to.not.include("class 50 ");
  });

  it("has every form of label", async () => {
    const show = async (label: Label): Promise<string> =>
      String(
        await inspect(
          dataset([
            { text: "a b", label },
            { text: "a b", label },
          ]),
        ),
      );
    expect(await show(["x", "y"]))
      .to.include("several labels to a row")
      .and.to.include("x, y");
    expect(await show({ x: 0.25, y: 0.75 }))
      .to.include("x  0.5 (25.0%)")
      .and.to.include("x 0.25, y 0.75");
    expect(await show(1.5))
      .to.include("targets of a regression")
      .and.to.match(/1\.5 +1\.5 +1\.5/);
  });
});

describe("Inspection.toHtml", () => {
  it("has balanced tags, and of them only those that show data", async () => {
    for (const inspection of [
      await hostile(),
      await inspect(dataset([{ text: "1" }, { text: "2" }]), new FakeTokenizer()),
    ]) {
      const allowed = [
        "div",
        "style",
        "h3",
        "h4",
        "section",
        "ul",
        "li",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "svg",
        "g",
        "title",
        "text",
        "rect",
      ];
      expect([...new Set(elements(inspection.toHtml()))].filter((name) => !allowed.includes(name))).to.deep.equal([]);
    }
  });

  it("shows hostile texts as texts", async () => {
    const html = (await hostile()).toHtml();
    expect(html).to.not.match(/<(?:script|img)|<!--|javascript:/i);
    expect(html).to.not.match(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect((html as string & { isWellFormed(): boolean }).isWellFormed()).to.equal(true);
    expect(html).to.include("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;amp;&lt;!--");
  });

  it("is complete in itself", async () => {
    const html = (await hostile()).toHtml();
    expect(html)
      .to.match(/^<div class="torchwright-inspection"><style>/)
      .and.to.match(/<\/div>$/);
    const attributes = [...html.matchAll(/<[a-z0-9]+((?:\s[a-zA-Z-]+="[^"<>]*")+)>/g)].flatMap(([, all = ""]) =>
      [...all.matchAll(/\s([a-zA-Z-]+)="[^"]*"/g)].map(([, name]) => name),
    );
    expect([...new Set(attributes)].sort()).to.deep.equal([
      "aria-label",
      "class",
      "fill",
      "font-size",
      "height",
      "role",
      "scope",
      "text-anchor",
      "viewBox",
      "width",
      "x",
      "y",
    ]);
    expect(html).to.not.match(/url\(|@import|https?:/);
  });

  it("draws a bar for each class and each range of lengths, as long as its share", async () => {
    const rows = ["x", "x", "x", "x", "y"].map((label, i) => ({ text: "word ".repeat(i + 1), label }));
    const html = (await inspect(dataset(rows))).toHtml();
    const charts = [...html.matchAll(/<svg.*?<\/svg>/gs)].map(([chart]) => chart);
    expect(charts.length).to.equal(2);
    const widths = [...(charts[0] as string).matchAll(/<rect[^>]* width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(widths.length).to.equal(2);
    expect((widths[0] as number) / (widths[1] as number)).to.be.closeTo(4, 0.01);
    const heights = [...(charts[1] as string).matchAll(/<rect[^>]* height="([\d.]+)"/g)].map(([, height]) =>
      Number(height),
    );
    expect(new Set(heights).size).to.equal(1);
    expect(heights.length).to.equal(5);
  });
});

/** Names of a document's elements; fails unless every tag is closed in its order and all else is escaped. */
function elements(html: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const tag = /<(\/?)([a-z][a-z0-9]*)((?:\s[a-zA-Z-]+="[^"<>]*")*)>/g;
  let end = 0;
  for (const match of html.matchAll(tag)) {
    const [whole, slash, name = ""] = match;
    expect(html.slice(end, match.index)).to.not.match(/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/);
    end = match.index + whole.length;
    if (slash === "/") expect(open.pop()).to.equal(name);
    else {
      open.push(name);
      names.push(name);
    }
  }
  expect(open).to.deep.equal([]);
  expect(end).to.equal(html.length);
  return names;
}
