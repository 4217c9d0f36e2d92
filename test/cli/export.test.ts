import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadScriptModule } from "../../lib/jit/load";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { readHeader } from "../../lib/models/safetensors";
import { scope } from "../../lib/tensor/scope";
import { Tensor } from "../../lib/tensor/tensor";
import { fillFolder } from "../support/cli-folder";
import { type Ended, runCommandLine } from "../support/run-cli";

describe("torchwright export", function () {
  this.timeout(180_000); // many processes, where others have the machine, too
  let folder: string;
  const run = (...args: string[]): Promise<Ended> => runCommandLine(["export", ...args], { cwd: folder });
  const logitsOf = (name: string): Promise<number[][]> =>
    scope(async () => {
      using model = await BertForSequenceClassification.fromPretrained(join(folder, name), { device: "cpu" });
      model.eval();
      return (await model.forward({ inputIds: Tensor.from([[2n, 7n, 3n]]) })).logits.toArray() as number[][];
    });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "torchwright-"));
    await fillFolder(folder);
    await writeFile(join(folder, "minilm/calibration.json"), '{ "temperature": 2 }\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("writes a TorchScript file that gives the model's logits, without dropout", async () => {
    const { code, stdout, stderr } = await run("minilm", "--torchscript", "scripts/model.pt", "--json");
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).to.deep.equal({ torchscript: "scripts/model.pt", dtype: "float32" });
    const [expected] = await logitsOf("minilm");
    await scope(async () => {
      using module = await loadScriptModule(join(folder, "scripts/model.pt"), { device: "cpu" });
      const [, logits] = (await module.forward([Tensor.from([[2n, 7n, 3n]])])) as [unknown, Tensor];
      (logits.toArray() as number[][])[0]?.forEach((value, at) =>
        expect(value).to.be.closeTo(expected?.[at] as number, 1e-5),
      );
    });
  });

  it("writes a folder in another type of weights, with tokenizer and calibration", async () => {
    const { code, stdout } = await run("minilm", "--output", "half", "--dtype", "bfloat16");
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "wrote half\n" });
    expect(new Set((await readHeader(join(folder, "half/model.safetensors"))).map(({ dtype }) => dtype))).to.deep.equal(
      new Set(["bfloat16"]),
    );
    expect(JSON.parse(await readFile(join(folder, "half/calibration.json"), "utf8"))).to.deep.equal({ temperature: 2 });
    const predicted = await runCommandLine(["predict", "half", "the film was great"], { cwd: folder });
    expect(predicted.code, predicted.stderr).to.equal(0);
  });

  it("merges a LoRA adapter into the weights", async () => {
    const adapted = await BertForSequenceClassification.fromPretrained(join(folder, "minilm"), { device: "cpu" });
    // The start that changes what the model computes.
    await adapted.addAdapter({ r: 2, seed: 1, initLoraWeights: false });
    await adapted.saveAdapter(join(folder, "adapter"));
    await adapted.save(join(folder, "expected"));
    adapted.dispose();
    const { code, stderr } = await run("minilm", "--adapter", "adapter", "--output", "merged");
    expect(code, stderr).to.equal(0);
    const [[base], [expected], [merged]] = [
      await logitsOf("minilm"),
      await logitsOf("expected"),
      await logitsOf("merged"),
    ];
    merged?.forEach((value, at) => expect(value).to.be.closeTo(expected?.[at] as number, 1e-5));
    expect(Math.abs((merged?.[0] as number) - (base?.[0] as number))).to.be.greaterThan(1e-4);
  });

  it("says what is wrong, and leaves what was there", async () => {
    const cases: readonly (readonly [code: number, args: readonly string[], message: RegExp])[] = [
      [2, ["minilm"], /expected something to write, got neither/],
      [2, ["minilm", "--output", "x", "--dtype", "int8"], /argument 'int8' is invalid/],
      [1, ["minilm", "--output", "minilm"], /expected another folder.*\[ERR_FILE_WRITE\]/],
      [1, ["minilm", "--output", "."], /\[ERR_FILE_WRITE\]/],
      [1, ["minilm", "--torchscript", "tickets.csv/model.pt"], /\[ERR_FILE_WRITE\]/],
      [1, ["./nowhere", "--output", "x"], /\[ERR_FILE_NOT_FOUND\]/],
      [1, ["minilm", "--output", "x", "--adapter", "minilm"], /\[ERR_FILE_NOT_FOUND\]/],
    ];
    const all = await Promise.all(cases.map(([, args]) => run(...args)));
    for (const [at, [code, args, message]] of cases.entries()) {
      expect(all[at]?.stderr, args.join(" ")).to.match(message);
      expect({ code: all[at]?.code, stdout: all[at]?.stdout }, args.join(" ")).to.deep.equal({ code, stdout: "" });
    }
  });
});
