import { expect } from "chai";
import fc from "fast-check";
import { Dataset } from "../../lib/data/dataset";
import { TextDataset } from "../../lib/data/text-dataset";
import { thrown } from "../support/rejection";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const sorted = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

describe("Dataset", () => {
  it("chooses, orders and joins rows, which keep their places", () => {
    const rows = Dataset.from(numbers(6));
    expect([...rows.select([5, 0, 5])]).to.deep.equal([5, 0, 5]);
    expect([...rows.filter((n) => n % 2 === 1)]).to.deep.equal([1, 3, 5]);
    expect([...rows.take(2)]).to.deep.equal([0, 1]);
    expect([...rows.skip(4)]).to.deep.equal([4, 5]);
    expect([...rows.map((n, i) => `${n}${i}`)]).to.deep.equal(["00", "11", "22", "33", "44", "55"]);
    expect([...rows.take(2).concat(rows.skip(5), rows.take(1))]).to.deep.equal([0, 1, 5, 0]);
    expect([...rows.take(3).interleave(rows.skip(5))]).to.deep.equal([0, 5, 1, 2]);
    expect(
      rows
        .filter((n) => n > 3)
        .map((n) => -n)
        .describeRow(1),
    ).to.equal("row 5");
    const shuffled = rows.shuffle({ seed: 1 });
    expect(sorted(shuffled)).to.deep.equal(numbers(6));
    expect([...shuffled]).to.deep.equal([...rows.shuffle({ seed: 1 })]);
    expect([...Dataset.from(numbers(50)).shuffle({ seed: 1 })]).not.to.deep.equal([
      ...Dataset.from(numbers(50)).shuffle({ seed: 2 }),
    ]);
    expect([...rows]).to.deep.equal(numbers(6));
  });

  it("drops rows whose key came before", () => {
    const rows = Dataset.from([
      { a: 1, b: 1 },
      { a: 1, b: 2 },
      { a: 1, b: 1 },
      { a: 2, b: 1 },
    ]);
    expect([...rows.dedupe()]).to.deep.equal([
      { a: 1, b: 1 },
      { a: 1, b: 2 },
      { a: 2, b: 1 },
    ]);
    expect([...rows.dedupe(({ a }) => a)]).to.deep.equal([
      { a: 1, b: 1 },
      { a: 2, b: 1 },
    ]);
  });

  it("names the row at which a function failed", () => {
    const rows = Dataset.from(numbers(4)).skip(1);
    const bad = (n: number): never => {
      throw new RangeError(`no ${n}`);
    };
    for (const work of [
      () => rows.map(bad),
      () => rows.filter(bad),
      () => rows.dedupe(bad),
      () => rows.split({ test: 1, groupBy: bad }),
    ]) {
      const error = thrown(work, "ERR_BAD_ROW");
      expect(error.message).to.include("row 1").and.to.include("no 1");
      expect(error.cause).to.be.instanceOf(RangeError);
    }
  });

  it("refuses what leaves no row, and bad arguments", () => {
    const rows = Dataset.from(numbers(4));
    thrown(() => rows.filter(() => false), "ERR_EMPTY_DATASET");
    thrown(() => rows.skip(4), "ERR_EMPTY_DATASET");
    thrown(() => rows.select([]), "ERR_EMPTY_DATASET");
    thrown(() => Dataset.from([]), "ERR_EMPTY_DATASET");
    for (const row of [-1, 4, 0.5, NaN, "0"]) thrown(() => rows.select([row as number]), "ERR_INVALID_ARG");
    thrown(() => rows.select(3 as unknown as number[]), "ERR_INVALID_ARG");
    thrown(() => rows.take(0), "ERR_INVALID_ARG");
    thrown(() => rows.skip(-1), "ERR_INVALID_ARG");
    thrown(() => rows.map(3 as unknown as () => number), "ERR_INVALID_ARG");
    thrown(() => rows.concat(numbers(3) as unknown as Dataset<number>), "ERR_INVALID_ARG");
    thrown(() => rows.concat(TextDataset.from(["a"]) as unknown as Dataset<number>), "ERR_INVALID_ARG");
    thrown(() => rows.shuffle({ seed: 0.5 }), "ERR_INVALID_ARG");
    thrown(() => Dataset.from("abc"), "ERR_INVALID_ARG");
  });
});

describe("Dataset.split", () => {
  interface Row {
    readonly id: number;
    readonly group: number;
    readonly label: string;
    readonly time: number;
  }
  const anyRows = fc
    .array(fc.record({ group: fc.nat(12), label: fc.constantFrom("a", "b", "c"), time: fc.nat(20) }), {
      minLength: 4,
      maxLength: 120,
    })
    .map((rows) => rows.map((row, id): Row => ({ id, ...row })));

  it("gives parts that share no row and together have every row, however they are made", () => {
    const property = fc.property(
      anyRows,
      fc.double({ min: 0.05, max: 0.4, noNaN: true }),
      fc.double({ min: 0.05, max: 0.4, noNaN: true }),
      fc.integer(),
      fc.nat(3),
      fc.boolean(),
      (rows, test, validation, seed, kind, third) => {
        const by = [
          {},
          { stratify: (row: Row) => row.label },
          { groupBy: (row: Row) => row.group },
          { byTime: (row: Row) => row.time },
        ][kind];
        let parts: { train: Dataset<Row>; test: Dataset<Row>; validation?: Dataset<Row> };
        try {
          parts = Dataset.from(rows).split({ test, seed, ...by, ...(third ? { validation } : {}) });
        } catch (error) {
          expect((error as { code?: string }).code).to.equal("ERR_EMPTY_DATASET");
          return;
        }
        const ids = Object.values(parts).flatMap((part) => [...part].map(({ id }) => id));
        expect(sorted(ids)).to.deep.equal(numbers(rows.length));
        expect("validation" in parts).to.equal(third);
        if (kind === 2) {
          const groups = Object.values(parts).flatMap((part) => [...new Set([...part].map(({ group }) => group))]);
          expect(new Set(groups).size).to.equal(groups.length);
        }
        if (kind === 3) {
          const times = (part: Dataset<Row>): number[] => [...part].map(({ time }) => time);
          expect(Math.max(...times(parts.train))).to.be.below(Math.min(...times(parts.validation ?? parts.test)));
          if (parts.validation) {
            expect(Math.max(...times(parts.validation))).to.be.below(Math.min(...times(parts.test)));
          }
        }
      },
    );
    fc.assert(property, { seed: 9, numRuns: 400 });
  });

  it("brings parts of whole groups near to the sizes and shares of classes that were asked for", () => {
    // 200 groups of 1 to 9 rows; a third of them of class b.
    const rows = numbers(200).flatMap((group) =>
      numbers(1 + ((group * 7) % 9)).map(() => ({ group, label: group % 3 === 0 ? "b" : "a" })),
    );
    const data = Dataset.from(rows);
    for (const seed of [1, 2, 3]) {
      const { train, validation, test } = data.split({
        test: 0.2,
        validation: 0.1,
        groupBy: ({ group }) => group,
        stratify: ({ label }) => label,
        seed,
      });
      const share = (part: typeof train): number => [...part].filter(({ label }) => label === "b").length / part.length;
      expect(Math.abs(test.length / rows.length - 0.2)).to.be.below(0.01);
      expect(Math.abs(validation.length / rows.length - 0.1)).to.be.below(0.01);
      for (const part of [train, validation, test]) expect(Math.abs(share(part) - share(data))).to.be.below(0.02);
    }
  });

  it("takes the latest rows by time, given as dates, numbers or text", () => {
    const days = ["2024-03-01", "2024-01-05", "2024-02-01", "2024-01-01", "2024-02-28"];
    for (const byTime of [(day: string) => day, (day: string) => new Date(day), (day: string) => Date.parse(day)]) {
      const { train, validation, test } = Dataset.from(days).split({ test: 1, validation: 2, byTime });
      expect([[...train], [...validation], [...test]]).to.deep.equal([
        ["2024-01-01", "2024-01-05"],
        ["2024-02-01", "2024-02-28"],
        ["2024-03-01"],
      ]);
    }
    const ties = Dataset.from([1, 2, 2, 2, 3]).split({ test: 2, byTime: (n) => n });
    expect([[...ties.train], [...ties.test]]).to.deep.equal([[1, 2, 2, 2], [3]]);
    thrown(() => Dataset.from([1, 1, 1]).split({ test: 1, byTime: (n) => n }), "ERR_EMPTY_DATASET");
    thrown(() => Dataset.from(days).split({ test: 1, byTime: () => "yesterday" }), "ERR_INVALID_ARG");
  });

  it("refuses functions that are none, and rules that exclude each other", () => {
    const data = Dataset.from(numbers(10));
    for (const name of ["groupBy", "stratify", "byTime"]) {
      thrown(() => data.split({ test: 1, [name]: "label" }), "ERR_INVALID_ARG");
    }
    thrown(() => data.split({ test: 1, byTime: (n) => n, groupBy: (n) => n }), "ERR_INVALID_ARG");
    thrown(() => data.split({ test: 5, validation: 5 }), "ERR_EMPTY_DATASET");
    thrown(() => data.split({ test: 0.5, validation: 0 }), "ERR_INVALID_ARG");
    thrown(() => data.split({ test: 1, groupBy: () => "all" }), "ERR_EMPTY_DATASET");
  });
});

describe("TextDataset.fromRows", () => {
  it("takes the columns that are named, and refuses what is no dataset", () => {
    const rows = Dataset.from([
      { body: "a", queue: "x", more: 1 },
      { body: "b", queue: "y", more: 2 },
    ]);
    expect([...TextDataset.fromRows(rows.skip(1), { text: "body", label: "queue" })]).to.deep.equal([
      { text: "b", label: "y" },
    ]);
    expect(
      thrown(
        () => TextDataset.fromRows(rows, { text: "body", label: "more", problemType: "multi-label" }),
        "ERR_BAD_ROW",
      ).message,
    ).to.include("row 0");
    thrown(() => TextDataset.fromRows(rows, { text: "subject" }), "ERR_COLUMN_MISSING");
    thrown(() => TextDataset.fromRows([{ body: "a" }] as unknown as typeof rows, { text: "body" }), "ERR_INVALID_ARG");
  });
});

describe("TextDataset's labels", () => {
  it("are names, lists of names, probabilities or numbers, of one kind in all rows", () => {
    const kinds: [unknown[], string, string[]][] = [
      [["b", "a"], "single-label", ["a", "b"]],
      [[3, 1], "single-label", ["1", "3"]],
      [[["b", "a"], [], ["c", "a", "c"]], "multi-label", ["a", "b", "c"]],
      [[{ b: 1 }, { a: 0.5, b: 0.5 }], "soft-label", ["a", "b"]],
    ];
    for (const [labels, problemType, names] of kinds) {
      const dataset = TextDataset.from(labels.map((label) => ({ text: "x", label: label as string })));
      expect([dataset.problemType, dataset.labels]).to.deep.equal([problemType, names]);
      for (const other of ["z", true, ["z"], { z: 1 }, null, undefined, {}]) {
        if (
          typeof other === typeof labels[0] &&
          Array.isArray(other) === Array.isArray(labels[0]) &&
          other !== null &&
          JSON.stringify(other) !== "{}"
        ) {
          continue;
        }
        thrown(
          () => TextDataset.from([...labels, other].map((label) => ({ text: "x", label: label as string }))),
          "ERR_INVALID_ARG",
        );
      }
    }
    const targets = TextDataset.from(
      [0.5, 2, -1].map((label) => ({ text: "x", label })),
      { problemType: "regression" },
    );
    expect([targets.problemType, targets.labels, targets.get(0).label]).to.deep.equal(["regression", [], 0.5]);
  });

  it("must not be numbers with fractions unless that was meant", () => {
    const make = (labels: unknown[], problemType?: "single-label" | "regression"): unknown =>
      TextDataset.from(
        labels.map((label) => ({ text: "x", label: label as string })),
        problemType ? { problemType } : {},
      ).problemType;
    expect(thrown(() => make([0.5, 1]), "ERR_INVALID_ARG").message).to.include("regression");
    expect(thrown(() => make(["0.5", "1"]), "ERR_INVALID_ARG").message).to.include("regression");
    expect(make(["0.5", "1"], "single-label")).to.equal("single-label");
    expect(make(["0.5", "1"], "regression")).to.equal("regression");
    expect(make(["1", "2"])).to.equal("single-label");
    for (const bad of [NaN, Infinity, "x", "", null, true]) {
      thrown(() => make([1, bad], "regression"), "ERR_INVALID_ARG");
    }
    thrown(() => make(["a"], "other" as "regression"), "ERR_INVALID_ARG");
  });

  it("that are soft must be probabilities", () => {
    for (const bad of [{ a: 0.5 }, { a: -0.5, b: 1.5 }, { a: NaN }, { a: "1" }, {}]) {
      thrown(() => TextDataset.from([{ text: "x", label: bad as Record<string, number> }]), "ERR_INVALID_ARG");
    }
  });
});
