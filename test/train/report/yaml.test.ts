import { expect } from "chai";
import { toYaml } from "../../../lib/train/report/yaml";

describe("toYaml", () => {
  it("writes maps and lists in block style", () => {
    const text = toYaml({
      a: "x",
      list: ["x", 1],
      empty: [],
      nested: { b: 1 },
      rows: [{ name: "x", inner: [{ deep: 1, list: ["y"] }, { deep: 2 }] }],
    });
    expect(text.split("\n")).to.deep.equal([
      'a: "x"',
      "list:",
      '- "x"',
      "- 1",
      "empty: []",
      "nested:",
      "  b: 1",
      "rows:",
      '- name: "x"',
      "  inner:",
      "  - deep: 1",
      "    list:",
      '    - "y"',
      "  - deep: 2",
    ]);
  });

  it("quotes every text, so that none is a truth value, a number, a mark or a new line", () => {
    for (const text of ["no", "1.0", "null", "", "- a: b # c", `"'\\`, "é 😀", "---"]) {
      const quoted = toYaml({ text }).slice("text: ".length);
      expect(JSON.parse(quoted)).to.equal(text);
      expect(quoted).to.match(/^"[^\n]*"$/);
    }
    expect(toYaml({ text: "a\nb\t\u0000\u007f\u0085\u2028\ufeff" })).to.equal(
      'text: "a\\nb\\t\\u0000\\u007f\\u0085\\u2028\\ufeff"',
    );
    expect(toYaml({ text: "\ud800" })).to.equal('text: "\ufffd"');
  });

  it("writes numbers that YAML 1.1 takes for numbers, too", () => {
    expect(toYaml({ n: [0, -1.5, 1e-7, -2.5e-9, 1e21, NaN, Infinity, -Infinity] })).to.equal(
      "n:\n- 0\n- -1.5\n- 1.0e-7\n- -2.5e-9\n- 1.0e+21\n- .nan\n- .inf\n- -.inf",
    );
  });
});
