import { expect } from "chai";
import { readArguments, UsageError } from "../../scripts/demo/arguments";
import { IdlePeer } from "../../scripts/demo/idle-peer";
import { eventLoopDelay, formatBytes } from "../../scripts/demo/summary";
import { LEXICOGRAPHER_FILES, parseDefinition, readWordnet } from "../../scripts/demo/wordnet";

describe("the demo's data", () => {
  it("takes class and definition from WordNet's lines, without the quoted examples", () => {
    expect(
      parseDefinition(
        '00001740 00 a 01 able 0 005 = 05207437 n 0000 | (usually followed by `to\') having the means; "able to swim"; "able to drive"  ',
      ),
    ).to.deep.equal({ label: "adj.all", text: "(usually followed by `to') having the means" });
    expect(parseDefinition("00007846 18 n 06 person 0 000 | a human being; one of a kind  ")).to.deep.equal({
      label: "noun.person",
      text: "a human being; one of a kind",
    });
    expect(parseDefinition("  1 This software and database is being provided to you | the LICENSEE")).to.equal(
      undefined,
    );
    expect(parseDefinition("")).to.equal(undefined);
  });

  it("has all 117,791 definitions in all 45 classes", async () => {
    expect(LEXICOGRAPHER_FILES).to.have.length(45);
    const definitions = await readWordnet();
    expect(definitions).to.have.length(117_791);
    expect(new Set(definitions.map(({ label }) => label))).to.deep.equal(new Set(LEXICOGRAPHER_FILES));
    expect(definitions.filter(({ text }) => text === "" || text.includes(" | "))).to.deep.equal([]);
    expect(definitions.find(({ text }) => text.startsWith("an entity that has physical existence"))?.label).to.equal(
      "noun.Tops",
    );
  });
});

describe("the demo's flags", () => {
  it("have defaults", () => {
    expect(readArguments([])).to.deep.include({
      steps: undefined,
      epochs: undefined,
      batchSize: 32,
      maxLength: 24,
      seed: 42,
      device: undefined,
      data: undefined,
      json: false,
    });
  });

  it("know a file's format by its extension in any case", () => {
    for (const [file, format] of [
      ["a.CSV", "csv"],
      ["a.csv", "csv"],
      ["a.JSONL", "jsonl"],
      ["b.ndjson", "jsonl"],
    ] as const) {
      expect(readArguments(["--data", file]).data).to.deep.equal({ format, file, text: "text", label: "label" });
    }
  });

  it("are read", () => {
    const args =
      "--steps 8 --epochs 0.5 --batch-size 4 --max-length 16 --seed 0 --device cuda:1 --model m.pt --data x.csv --text a --label b --json";
    expect(readArguments(args.split(" "))).to.deep.include({
      steps: 8,
      epochs: 0.5,
      batchSize: 4,
      maxLength: 16,
      seed: 0,
      device: "cuda:1",
      model: "m.pt",
      data: { format: "csv", file: "x.csv", text: "a", label: "b" },
      json: true,
    });
  });

  for (const [args, message] of [
    [["--step", "8"], /--step/],
    [["--steps", "0"], /--steps: expected a whole number of at least 1, got "0"/],
    [["--steps", "8.5"], /--steps: .* got "8.5"/],
    [["--epochs", "-1"], /--epochs/],
    [["--epochs", "many"], /--epochs: expected a number above 0, got "many"/],
    [["--max-length", "2"], /--max-length/],
    [["--text", "body"], /--data/],
    [["extra"], /extra/],
    [["--data", "tickets.tsv"], /--data: expected a file that ends in \.csv, \.jsonl or \.ndjson, got "tickets\.tsv"/],
    [["--data", "tickets"], /--data/],
  ] as const) {
    it(`refuse ${args.join(" ")}`, () => {
      expect(() => readArguments(args)).to.throw(UsageError, message);
    });
  }
});

describe("the demo's report", () => {
  it("gives the event loop's lateness beyond the timer's own interval", () => {
    expect(eventLoopDelay({ percentile: (p) => (p === 50 ? 10.2e6 : 14e6), max: 9e6 })).to.deep.equal({
      p50: 10.2 - 10,
      p99: 4,
      max: 0,
    });
  });

  it("has the delay of an idle process beside it", async () => {
    const peer = await IdlePeer.start();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const delay = await peer.stop();
    expect(delay?.p50).to.be.at.least(0);
    expect(delay?.max).to.be.at.least(delay?.p50 ?? NaN);
    expect(await peer.stop()).to.equal(undefined);
  });

  it("writes bytes for people", () => {
    expect([formatBytes(512e6), formatBytes(1.234e9)]).to.deep.equal(["512 MB", "1.23 GB"]);
  });
});
