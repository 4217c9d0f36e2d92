import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { differences, kinds, type Notebook } from "../../scripts/notebooks/outputs";

const FOLDER = join(__dirname, "../../examples/notebooks");

const html = (content: string) => ({ output_type: "display_data", data: { "text/html": [content] } });
const stream = (name: string, text: string) => ({ output_type: "stream", name, text });
const notebook = (...outputs: NonNullable<Notebook["cells"][number]["outputs"]>): Notebook => ({
  cells: [{ cell_type: "markdown" }, { cell_type: "code", outputs }],
});
const found = (expected: Notebook, executed: Notebook, compare = true): string[] =>
  differences(expected, executed, { compare });

describe("the check of executed notebooks", () => {
  it("takes other numbers, and no other kinds of outputs", () => {
    const expected = notebook(stream("stdout", "loss 1"), html("<svg ></svg><table></table>"));
    expect(
      found(expected, notebook(stream("stdout", "loss 2"), html("<table></table><svg >other</svg>"))),
    ).to.deep.equal([]);
    expect(found(expected, notebook(stream("stdout", "loss 2"), html("<pre>no chart</pre>")))[0]).to.contain(
      "cell 2: expected stdout, text/html(svg table), got stdout, text/html(pre)",
    );
    expect(found(expected, notebook(stream("stdout", "loss 2")))).to.have.length(1);
    expect(found(expected, notebook(), false)).to.deep.equal([]);
  });

  it("finds what is written to standard error, and promises that were left behind", () => {
    for (const compare of [true, false]) {
      expect(
        found(notebook(stream("stderr", "warning")), notebook(stream("stderr", "warning")), compare)[0],
      ).to.contain("wrote to standard error: warning");
      expect(
        found(notebook(stream("stdout", "x")), notebook(stream("stdout", "UnhandledPromiseRejection: x")), compare)[0],
      ).to.contain("left a promise behind");
    }
  });
});

describe("examples/notebooks", () => {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".ipynb"));
  const read = (name: string): Notebook => JSON.parse(readFileSync(join(FOLDER, name), "utf8")) as Notebook;

  it("are four, with their outputs, none of which is an error", () => {
    expect(names.sort()).to.deep.equal([
      "error-analysis.ipynb",
      "fine-tune-wordnet.ipynb",
      "first-steps.ipynb",
      "torchscript-from-python.ipynb",
    ]);
    for (const name of names) {
      expect(differences(read(name), read(name), { compare: true }), name).to.deep.equal([]);
      expect(
        read(name)
          .cells.flatMap(kinds)
          .filter((kind) => kind.startsWith("text/html")),
        name,
      ).to.not.be.empty;
    }
  });

  it("name no machine: neither folders nor users", () => {
    for (const name of names) {
      expect(readFileSync(join(FOLDER, name), "utf8")).to.not.match(/\/(?:root|home|tmp|work)\//);
    }
  });
});
