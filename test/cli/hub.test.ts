import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { BertForSequenceClassification } from "../../lib/models/bert-for-sequence-classification";
import { COLUMNS, fillFolder } from "../support/cli-folder";
import { NO_HUB_VARIABLES } from "../support/environment";
import { addCommit, type HubServer, repositoryOf, serveHub } from "../support/hub-server";
import { type Ended, runCommandLine } from "../support/run-cli";

async function filesOf(folder: string): Promise<Record<string, Buffer>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

/** Commands over models that are named as on the hub; what such a name means is tested in `test/hub`. */
describe("torchwright with models of the hub", function () {
  this.timeout(180_000); // many processes, where others have the machine, too
  let folder: string;
  let hub: HubServer;
  const run = (...args: string[]): Promise<Ended> => {
    const env = {
      ...NO_HUB_VARIABLES,
      XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"],
      HF_HOME: join(folder, "home"),
      HF_HUB_DISABLE_IMPLICIT_TOKEN: "1",
    };
    return runCommandLine(args, { cwd: folder, env: { ...env, HF_ENDPOINT: hub.url } });
  };
  const json = ({ code, stdout, stderr }: Ended): Record<string, unknown> => {
    expect(code, stderr).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "torchwright-"));
    await fillFolder(folder);
    await mkdir(join(folder, "home"));
    const model = await BertForSequenceClassification.fromPretrained(join(folder, "minilm"), { device: "cpu" });
    await model.addAdapter({ r: 2, seed: 1 });
    await model.saveAdapter(join(folder, "adapter"));
    model.dispose();
    const files = await filesOf(join(folder, "minilm"));
    const tiny = repositoryOf(files);
    tiny.refs.set("v1", tiny.refs.get("main") as string);
    addCommit(tiny, { "config.json": "{}" }, ["main"]); // whoever forgets the revision has this
    hub = await serveHub({
      "org/tiny": tiny,
      "org/teacher": repositoryOf(files),
      "org/words": repositoryOf(
        Object.fromEntries(Object.entries(files).filter(([name]) => /vocab|tokenizer/.test(name))),
      ),
      "org/lora": repositoryOf(await filesOf(join(folder, "adapter"))),
      "org/gated": repositoryOf(files, { gatedFor: ["hf_reader"] }),
      "org/old": repositoryOf({ "config.json": "{}", "vocab.txt": "[PAD]", "pytorch_model.bin": "a pickle" }),
    });
  });
  after(async () => {
    await hub.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("trains one with another's tokenizer and teacher, of which --revision says nothing", async () => {
    const beside = ["--tokenizer", "org/words", "--distillation-teacher", "org/teacher"];
    const ended = await run(
      "train",
      "tickets.csv",
      "--model",
      "org/tiny",
      "--revision",
      "v1",
      ...beside,
      ...COLUMNS,
      "--max-steps",
      "1",
      "--progress",
      "lines",
      "--output",
      "out",
      "--json",
    );
    expect(json(ended)).to.include({ steps: 1, model: "out/model" });
    expect(await readdir(join(folder, "home/hub"))).to.include.members([
      "models--org--tiny",
      "models--org--teacher",
      "models--org--words",
    ]);
  });

  it("takes one to evaluate, to predict, to export and to look at, from the cache alone where that is asked for", async () => {
    const fetched = await run(
      "predict",
      "org/tiny",
      "the film was great",
      "--revision",
      "v1",
      "--cache-dir",
      "cache",
      "--json",
    );
    expect(json(fetched)).to.include({ text: "the film was great" });
    hub.requests.length = 0;
    const cached = ["--revision", "v1", "--cache-dir", "cache", "--local-files-only"];
    const [evaluated, looked, lengths, exported] = await Promise.all([
      run("evaluate", "org/tiny", "tickets.csv", ...COLUMNS, ...cached, "--progress", "bar", "--json"),
      run("inspect", "org/tiny", ...cached, "--json"),
      run(
        "inspect",
        "tickets.csv",
        "--text",
        "body",
        "--tokenizer",
        "org/tiny",
        "--max-lengths",
        "7",
        ...cached,
        "--json",
      ),
      run("export", "org/tiny", ...cached, "--output", "half", "--dtype", "float16", "--json"),
    ]);
    expect(json(evaluated)).to.deep.include({ model: "org/tiny", data: { rows: 60, skipped: 0 } });
    expect(json(looked)).to.deep.include({
      kind: "model",
      labels: ["good", "bad"],
      tokenizer: { vocabulary: 25, maxLength: 64 },
    });
    expect(json(lengths)).to.include({ rows: 60 });
    expect(json(exported)).to.deep.equal({ output: "half", dtype: "float16" });
    expect(hub.requests).to.deep.equal([]);
    const merged = await run(
      "export",
      "org/tiny",
      "--revision",
      "v1",
      "--cache-dir",
      "cache",
      "--adapter",
      "org/lora",
      "--torchscript",
      "merged.pt",
    );
    expect(merged.stdout, merged.stderr).to.equal("wrote merged.pt\n");
    expect(await readdir(join(folder, "cache"))).to.include("models--org--lora");
  });

  it("says what is wrong, and fetches no pickle", async () => {
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [["predict", "org/tniy", "a text"], /no such folder here.*\[ERR_HUB_REPOSITORY_NOT_FOUND\]/],
      [["train", "nowhere.csv", "--model", "org/tniy"], /\[ERR_HUB_REPOSITORY_NOT_FOUND\]/],
      [["inspect", "tniy"], /no such folder here.*\[ERR_HUB_REPOSITORY_NOT_FOUND\]/],
      [["export", "org/tiny", "--revision", "v9", "--output", "x"], /revision "v9".*\[ERR_HUB_REVISION_NOT_FOUND\]/],
      [["evaluate", "org/gated", "tickets.csv"], /is gated\. Ask for access.*\[ERR_HUB_ACCESS\]/],
      [["predict", "org/old", "a text"], /has only pytorch_model.*a pickle[\s\S]*\[ERR_PICKLE_WEIGHTS\]/],
      [["predict", "org/tiny", "a text", "--local-files-only", "--cache-dir", "empty"], /\[ERR_HUB_OFFLINE\]/],
    ];
    hub.requests.length = 0;
    const all = await Promise.all(cases.map(([args]) => run(...args)));
    for (const [at, [args, message]] of cases.entries()) {
      expect(all[at]?.stderr, args.join(" ")).to.match(message);
      expect({ code: all[at]?.code, stdout: all[at]?.stdout }, args.join(" ")).to.deep.equal({ code: 1, stdout: "" });
    }
    expect(hub.requests.filter(({ path }) => path.includes("pytorch_model"))).to.deep.equal([]);
  });
});
