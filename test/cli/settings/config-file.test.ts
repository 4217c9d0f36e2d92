import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { TRAIN_SECTIONS } from "../../../lib/cli/commands/train";
import { readConfig } from "../../../lib/cli/settings/config-file";
import { nearest } from "../../../lib/cli/settings/nearest";
import { UsageError } from "../../../lib/cli/usage-error";
import { rejection } from "../../support/rejection";
import { inFolder } from "../../support/tiny-bert";

const SETTINGS = TRAIN_SECTIONS.flatMap(({ settings }) => settings);

function read(name: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, name), text);
    return readConfig(join(folder, name), SETTINGS);
  });
}

describe("a configuration file", () => {
  it("has settings by their names, in JSON and in YAML", async () => {
    const expected = {
      model: "minilm",
      epochs: 2,
      reportTo: ["csv"],
      lora: { r: 4, targetModules: "all-linear" },
      optimArgs: { momentum: 0.9 },
    };
    expect(await read("a.json", JSON.stringify(expected))).to.deep.equal(expected);
    const yaml =
      "# a run\nmodel: minilm\nepochs: 2\nreportTo: [csv]\nlora:\n  r: 4\n  targetModules: all-linear\noptimArgs: { momentum: 0.9 }\n";
    expect(await read("a.yaml", yaml)).to.deep.equal(expected);
  });

  it("with an unknown key is refused, with the nearest name", async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['{ "learningrate": 1 }', /"learningrate", which does not exist; did you mean "learningRate"\?/],
      ['{ "batch-size": 1 }', /did you mean "batchSize"\?/],
      ['{ "lora": { "rnk": 1 } }', /"lora\.rnk".*did you mean "lora\.r"\?/],
      ['{ "averageWeights": { "xyzzyxyzzy": 1 } }', /expected one of averageWeights\.type, averageWeights\.decay/],
      ['{ "output": "runs/a" }', /did you mean "outputDir"\?/],
      ['{ "average-weights": "ema" }', /did you mean "averageWeights\.type"\?/],
      [
        '{ "averageWeights": "ema" }',
        /expected averageWeights in .* to be an object with type, decay, start, every, got "ema"/,
      ],
      ['{ "somethingElseEntirely": 1 }', /--help lists what there is/],
    ];
    for (const [text, message] of cases) {
      const error = await rejection(read("a.json", text), "ERR_INVALID_ARG");
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.match(message);
    }
  });

  it("with a value of another kind, or that is no object, is refused", async () => {
    const cases = [
      ["a.json", '{ "epochs": "2" }'],
      ["a.json", '{ "lora": 3 }'],
      ["a.json", '{ "freeze": [] }'],
      ["a.json", '{ "optim": "adamax" }'],
      ["a.json", "[1]"],
      ["a.json", "{ "],
      ["a.yml", "a: [1"],
      ["a.yaml", "just text"],
    ] as const;
    for (const [name, text] of cases) await rejection(read(name, text), "ERR_INVALID_ARG");
  });

  it("is told what to write there, and not on the command line", async () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ["paramGroups: { match: a }", /to be a list of objects, got an object/],
      ["optimArgs: momentum=0.9", /to be an object, got "momentum=0\.9"/],
      ["reportTo: csv", /to be a list of texts, got "csv"/],
      ["classWeights: heavy", /to be "balanced", a list of numbers, or an object with a number for each label/],
      ["freeze: []", /to be a text or a list of texts/],
    ];
    for (const [text, message] of cases) {
      expect((await rejection(read("a.yaml", text), "ERR_INVALID_ARG")).message).to.match(message);
    }
  });

  it("may begin with a byte order mark", async () => {
    expect(await read("a.json", '\uFEFF{ "epochs": 2 }')).to.deep.equal({ epochs: 2 });
    expect(await read("a.yaml", "\uFEFFepochs: 2\n")).to.deep.equal({ epochs: 2 });
  });

  it("that is not there or is a folder is told of", async () => {
    await rejection(readConfig("/nowhere/a.json", SETTINGS), "ERR_FILE_NOT_FOUND");
    await inFolder(async (folder) => void (await rejection(readConfig(folder, SETTINGS), "ERR_FILE_READ")));
  });

  it("takes no name for another that has little in common", () => {
    expect(nearest("epocs", ["epochs", "optim"])).to.equal("epochs");
    expect(nearest("banana", ["epochs", "optim"])).to.equal(undefined);
  });
});
