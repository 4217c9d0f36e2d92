/** Every TypeScript block of the documentation runs: README, docs/ and the `@example`s of doc comments. */
import { readFileSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { ModuleKind, ScriptTarget, transpileModule } from "typescript";
import * as torchwright from "../lib/index";
import { PretrainedTokenizer } from "../lib/text/pretrained-tokenizer";
import { TRAINER_OPTIONS } from "../lib/train/check-options";
import { withDocumentationHub } from "./support/docs-hub";
import { documentedPrograms, ROOT } from "./support/documented-programs";
import { inFolder, tinyBert, tinyData, writeTokenizer } from "./support/tiny-bert";

/** What programs of the documentation expect around them: a model folder, its tokenizer, a table of tickets. */
async function prepare(folder: string): Promise<void> {
  const model = tinyBert(["x", "y"]);
  await model.save(path.join(folder, "minilm"));
  await writeTokenizer(path.join(folder, "minilm"));
  await model.saveTorchScript(path.join(folder, "model.pt"));
  // A model that an earlier program of the text saved.
  await model.save(path.join(folder, "saved"), {});
  await writeTokenizer(path.join(folder, "saved"));
  await mkdir(path.join(folder, "runs/tickets"), { recursive: true });
  await rename(path.join(folder, "saved"), path.join(folder, "runs/tickets/model"));
  model.dispose();
  const rows = Array.from(
    tinyData(60),
    ({ text, label }, i) => `"${String(text)}",${label as string},${i % 7},2026-01-${10 + (i % 20)}`,
  );
  await writeFile(path.join(folder, "tickets.csv"), `body,queue,customer,created\n${rows.join("\n")}\n`);
}

async function run(code: string): Promise<void> {
  const { outputText } = transpileModule(code, {
    compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
  });
  const load = (name: string): unknown => (name === "torchwright" ? torchwright : require(name));
  const quiet = { ...console, log: () => undefined };
  const program = new Function("require", "exports", "console", `return (async () => {${outputText}\n})();`) as (
    ...scope: unknown[]
  ) => Promise<void>;
  await program(load, {}, quiet);
}

describe("the documentation", () => {
  const all = documentedPrograms();

  it("has every one of Hugging Face's training arguments in its table, and no other", () => {
    const text = readFileSync(path.join(ROOT, "docs", "training.md"), "utf8");
    const { names } = JSON.parse(readFileSync(path.join(__dirname, "golden", "training_arguments.json"), "utf8")) as {
      names: string[];
    };
    const rows = text.split("\n").filter((line) => line.startsWith("| `"));
    const told = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name));
    expect(told).to.have.members(names);
    // What stands in the second column exists.
    const ours = rows.flatMap((row) =>
      [...(row.split("|")[2] ?? "").matchAll(/`(\w+)(?:: [^`]*)?`/g)].map(([, name]) => name as string),
    );
    const loader = ["batchSize", "dropLast", "pinMemory", "prefetch", "distributed", "sampler"];
    const unknown = ours.filter(
      (name) => !Object.hasOwn(torchwright, name) && !TRAINER_OPTIONS.includes(name) && !loader.includes(name),
    );
    expect(unknown).to.deep.equal([]);
  });

  it("has an entry for every error code, and for no other", () => {
    const text = readFileSync(path.join(ROOT, "docs", "guides", "troubleshooting.md"), "utf8");
    const entries = [...text.matchAll(/^### (ERR_\w+)\n(.+)/gm)];
    expect(entries.map(([, code]) => code)).to.have.members(Object.keys(torchwright.ERROR_CODES));
    for (const [, code, said] of entries) expect(said?.length, code).to.be.greaterThan(40);
  });

  it("has names of ours beside Python's that exist", () => {
    const text = readFileSync(path.join(ROOT, "docs", "guides", "from-python.md"), "utf8");
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    const names = rows.flatMap((row) =>
      [...(row.split(" | ")[1] ?? "").matchAll(/`(?:new |await |class \w+ extends )?([\w.]+)/g)].map(
        ([, name]) => name as string,
      ),
    );
    expect(names.length).to.be.greaterThan(40);
    const shorthands: Record<string, unknown> = {
      x: torchwright.Tensor.prototype,
      loss: torchwright.Tensor.prototype,
      optimizer: torchwright.AdamW.prototype,
      model: torchwright.BertForSequenceClassification.prototype,
      using: {},
      tokenizer: PretrainedTokenizer.prototype,
      classifier: torchwright.Classifier.prototype,
    };
    const missing = names.filter((name) => {
      let value: unknown = { ...torchwright, ...shorthands, "": torchwright.AdamW.prototype };
      return name
        .split(".")
        .some((part) => ((value = (value as Record<string, unknown> | undefined)?.[part]), value === undefined));
    });
    expect(missing).to.deep.equal([]);
  });

  it("has programs that import what they use", () => {
    expect(all.length).to.be.greaterThan(10);
    for (const { name, code } of all) expect(code, name).to.match(/from "torchwright"/);
  });

  for (const { name, code } of all) {
    it(`runs: ${name}`, async () => {
      const before = process.cwd();
      await inFolder(async (folder) => {
        await prepare(folder);
        process.chdir(folder);
        try {
          await withDocumentationHub(code, () => run(code));
        } finally {
          process.chdir(before);
        }
      });
    });
  }
});
