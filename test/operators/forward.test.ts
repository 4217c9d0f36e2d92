/**
 * What operators give, against what PyTorch's Python gave for the same inputs: every public operator for which the
 * generator finds inputs, over dtypes, memory layouts, empty tensors, zero dimensions and broadcasting.
 *
 * libtorch prints its own warnings about deprecated operators meanwhile.
 */
import { expect } from "chai";
import { TorchwrightError } from "../../lib/errors";
import { noGrad } from "../../lib/autograd/grad-mode";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import type { OperatorCases } from "../support/operators/all-cases";
import { allCases } from "../support/operators/all-cases";
import type { Case } from "../support/operators/case";
import { run } from "../support/operators/case";
import { COMPARED_OUTPUTS } from "../support/operators/hints/gradients";
import { NOT_COMPARED } from "../support/operators/left-out";
import { publicOperators } from "../support/operators/schemas";
import type { StoredOperators, StoredResult } from "../support/operators/stored";
import { difference, readStored, skipForVersion } from "../support/operators/stored";

/**
 * How oneDNN refuses what a processor without the right vector instructions cannot do; the stored results are of one
 * that has them.
 */
const BEYOND_PROCESSOR = /path needs the cpu support/;

/** What is wrong with the results of a case, or undefined. */
function compare(item: Case, base: string, theirs: readonly StoredResult[] | "error" | undefined): string | undefined {
  return scope(() => {
    try {
      const ours = noGrad(() => run(item));
      return theirs === "error" || theirs === undefined
        ? "expected to be refused, as by PyTorch"
        : difference(ours, theirs, COMPARED_OUTPUTS[base]);
    } catch (error) {
      if (!(error instanceof TorchwrightError)) throw error;
      return theirs === "error" ? undefined : error.message;
    }
  });
}

describe("the comparison with PyTorch", () => {
  it("sees another value, shape, dtype, number of results, and what is not finite", () =>
    scope(() => {
      const ours = [Tensor.from([1, Infinity])];
      expect(difference(ours, [["float32", [2], [1.00001, "inf"]]])).to.equal(undefined);
      for (const theirs of [
        [["float32", [2], [1.01, "inf"]]],
        [["float32", [2], [1, "-inf"]]],
        [["float32", [2], ["nan", "inf"]]],
        [["float32", [2, 1], [1, "inf"]]],
        [["float64", [2], [1, "inf"]]],
        [["float32", [2], [1, "inf"]], 1],
        [1],
      ] as const satisfies readonly (readonly StoredResult[])[]) {
        expect(difference(ours, theirs), JSON.stringify(theirs)).to.be.a("string");
      }
      expect(difference([3, true, [1, 2]], [3, true, [1, 2]])).to.equal(undefined);
      expect(difference([3], [4])).to.be.a("string");
    }));
});

describe("operators beside PyTorch", () => {
  let stored: StoredOperators;
  let cases: ReadonlyMap<string, OperatorCases>;

  before(function () {
    stored = readStored();
    skipForVersion(this, stored);
    cases = allCases();
  });

  it("are all compared, or listed with the reason", () => {
    const operators = publicOperators();
    const compared = new Set(
      operators.filter(({ qualified }) => stored.operators.has(qualified)).map(({ base }) => base),
    );
    const listed = NOT_COMPARED.flatMap(({ operators: names }) => names);
    const public_ = new Set(operators.map(({ base }) => base));
    expect(
      [...public_].filter((base) => !compared.has(base) && !listed.includes(base)),
      "neither compared nor listed",
    ).to.deep.equal([]);
    expect(
      listed.filter((base) => compared.has(base)),
      "listed, but compared",
    ).to.deep.equal([]);
    expect(
      listed.filter((base) => !public_.has(base)),
      "listed, but no operator",
    ).to.deep.equal([]);
    expect(new Set(listed).size, "listed once").to.equal(listed.length);
    // Base names: an in-place form and the overloads count as one.
    expect(compared.size).to.be.at.least(680);
  });

  it("give the same results, and refuse the same arguments with a coded error", function () {
    this.timeout(180_000);
    const wrong: string[] = [];
    const beyond: string[] = [];
    let results = 0;
    for (const [name, { digest, results: theirs }] of stored.operators) {
      const entry = cases.get(name);
      expect(entry?.digest, `the cases of ${name}, which changed: run npm run golden`).to.equal(digest);
      for (const item of entry?.cases ?? []) {
        const found = compare(item, entry?.operator.base ?? "", theirs[item.label]);
        if (found !== undefined && BEYOND_PROCESSOR.test(found)) {
          beyond.push(`${name}, ${item.label}`);
          continue;
        }
        if (theirs[item.label] !== "error") results++;
        if (found !== undefined) wrong.push(`${name}, ${item.label}: ${found}`);
      }
    }
    expect(wrong, wrong.join("\n")).to.have.lengthOf(0);
    expect(beyond.length, `not compared, as this processor cannot: ${beyond.join("; ")}`).to.be.at.most(4);
    expect(results, "results that are no refusals").to.be.at.least(9000);
  });

  for (const [kind, pattern] of Object.entries({
    "empty tensors": /empty$/,
    "zero dimensions": /zero-dim$/,
    "transposed inputs": /transposed/,
    "inputs with gaps": /strided/,
    broadcasting: /broadcast$/,
    float32: /float32/,
    float64: /float64/,
    float16: /^float16/,
    bfloat16: /bfloat16/,
    int64: /int64/,
    bool: /bool/,
    complex64: /complex64/,
  })) {
    it(`were compared for ${kind} in 200 operators or more`, () => {
      const having = [...stored.operators].filter(([, { results }]) =>
        Object.entries(results).some(([label, result]) => pattern.test(label) && result !== "error"),
      );
      expect(new Set(having.map(([name]) => cases.get(name)?.operator.base)).size).to.be.at.least(200);
    });
  }
});
