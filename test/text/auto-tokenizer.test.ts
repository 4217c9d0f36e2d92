import { expect } from "chai";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { TextInput, Tokenizer } from "../../lib/text/tokenizer";
import { rejection } from "../support/rejection";

const GOLDEN = path.join(__dirname, "..", "golden", "tokenizer");

describe("AutoTokenizer", () => {
  let root: string;
  let tokenizer: Tokenizer;

  before(async () => {
    root = await mkdtemp(path.join(tmpdir(), "tokenizer-"));
    tokenizer = await AutoTokenizer.fromPretrained(await folder({ "vocab.txt": undefined }));
  });
  after(() => rm(root, { recursive: true }));

  let made = 0;
  /** A folder with files of the given text; undefined copies the golden file. */
  async function folder(files: Readonly<Record<string, string | Buffer | object | undefined>>): Promise<string> {
    const target = path.join(root, String(made++));
    await mkdir(target);
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(target, name);
      if (content === undefined) await copyFile(path.join(GOLDEN, name), file);
      else if (typeof content === "string" || Buffer.isBuffer(content)) await writeFile(file, content);
      else await writeFile(file, JSON.stringify(content));
    }
    return target;
  }
  const document = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await readFile(path.join(GOLDEN, "tokenizer.json"), "utf8")) as Record<string, unknown>;

  describe("maximal length", () => {
    it("is the smaller of model_max_length and the position table, and 512 where neither is usable", async () => {
      const unlimited = { model_max_length: 1000000000000000019884624838656 };
      const cases: [object, object, number][] = [
        [{ model_max_length: 64 }, {}, 64],
        [unlimited, { max_position_embeddings: 128 }, 128],
        [{ model_max_length: 256 }, { max_position_embeddings: 128 }, 128],
        [unlimited, {}, 512],
        [{ model_max_length: "long" }, { max_position_embeddings: -1 }, 512],
      ];
      for (const [tokenizerConfig, config, expected] of cases) {
        const files = { "vocab.txt": undefined, "tokenizer_config.json": tokenizerConfig, "config.json": config };
        expect((await AutoTokenizer.fromPretrained(await folder(files))).maxLength).to.equal(expected);
      }
    });

    it("cuts texts to itself by default and keeps [SEP]", async () => {
      const files = { "vocab.txt": undefined, "tokenizer_config.json": { model_max_length: 6 } };
      const short = await AutoTokenizer.fromPretrained(await folder(files));
      const [sep] = (await short.encode("")).ids.slice(-1);
      const { ids } = await short.encode("one two three four five six seven eight");
      expect(ids).to.have.length(6);
      expect(ids[5]).to.equal(sep);
    });
  });

  it("refuses ids that config.json has no embeddings for, and else says which ids there are", async () => {
    const files = async (change: (document: Record<string, unknown>) => void, config?: object): Promise<string> => {
      const changed = await document();
      change(changed);
      return folder({ "tokenizer.json": changed, ...(config && { "config.json": config }) });
    };
    const vocabSize = tokenizer.vocabSize;
    const model = { model_type: "bert", vocab_size: vocabSize };
    expect((await AutoTokenizer.fromPretrained(await files(() => undefined, model))).vocabSize).to.equal(vocabSize);
    const stray = (document: Record<string, unknown>): void =>
      void ((document["model"] as { vocab: Record<string, number> }).vocab["the"] = 1_000_000);
    const { message } = await rejection(
      AutoTokenizer.fromPretrained(await files(stray, model)),
      "ERR_TOKENIZER_INVALID",
    );
    expect(message)
      .to.contain("tokenizer.json")
      .and.to.contain("ids up to 1000000")
      .and.to.contain(`for ${vocabSize} (vocab_size)`);
    expect((await AutoTokenizer.fromPretrained(await files(stray))).vocabSize).to.equal(1_000_001);
    const added = (document: Record<string, unknown>): void =>
      void (document["added_tokens"] as object[]).push({
        id: vocabSize,
        content: "[NEW]",
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      });
    await rejection(AutoTokenizer.fromPretrained(await files(added, model)), "ERR_TOKENIZER_INVALID");
  });

  it("applies neither truncation nor padding that tokenizer.json stores", async () => {
    const stored = await document();
    expect(stored["truncation"]).to.include({ max_length: 6 });
    expect(stored["padding"]).to.deep.include({ strategy: { Fixed: 12 } });
    const opened = await AutoTokenizer.fromPretrained(await folder({ "tokenizer.json": undefined }));
    const text = "one two three four five six seven eight";
    expect((await opened.encode(text)).ids).to.deep.equal((await tokenizer.encode(text)).ids);
    expect((await opened.encode("one")).ids).to.deep.equal((await tokenizer.encode("one")).ids);
  });

  it("keeps different lengths apart while they are encoded at once", async () => {
    const text = "the value of an expression is a number ".repeat(20);
    const lengths = Array.from({ length: 40 }, (_, i) => 2 + ((i * 7) % 60));
    const longer = (length: number): { maxLength: number } => ({ maxLength: length + 1 });
    const results = await Promise.all(
      lengths.map((maxLength, i) =>
        i % 2 === 0
          ? tokenizer.encode(text, undefined, { maxLength })
          : tokenizer.encode(text, text, longer(maxLength)),
      ),
    );
    expect(results.map(({ ids }) => ids.length)).to.deep.equal(lengths.map((length, i) => length + (i % 2)));
  });

  it("encodes thousands of texts and pairs in their order", async () => {
    const inputs: TextInput[] = Array.from({ length: 3000 }, (_, i) => (i % 5 === 0 ? [String(i), "x"] : String(i)));
    const batch = await tokenizer.encodeBatch(inputs);
    for (const i of [0, 1, 255, 256, 257, 1024, 2999]) {
      const input = inputs[i] as TextInput;
      const [text, pair] = typeof input === "string" ? [input] : input;
      expect(batch[i]).to.deep.equal(await tokenizer.encode(text, pair));
    }
    expect(await tokenizer.encodeBatch([])).to.deep.equal([]);
  });

  it("tokenizes off the JavaScript thread, where timers go on", async () => {
    const texts = Array.from({ length: 64 }, (_, i) => `the value of expression ${i} is a number `.repeat(4000));
    let ticks = 0;
    const interval = setInterval(() => ticks++, 1);
    try {
      await tokenizer.encodeBatch(texts, { maxLength: 8 });
    } finally {
      clearInterval(interval);
    }
    // One call of the library: on this thread it would let a timer fire once, at its end.
    expect(ticks).to.be.at.least(5);
  });

  it("takes lone surrogates for what cannot be read", async () => {
    const broken = await tokenizer.encodeBatch(["a \ud800 b", "\udc00", ["\ud83d", "b\udfff"]]);
    const clean = await tokenizer.encodeBatch(["a  b", "", ["", "b"]]);
    expect(broken).to.deep.equal(clean);
  });

  it("decodes ids without the special tokens", async () => {
    const { ids } = await tokenizer.encode("the value of an expression");
    expect(await tokenizer.decode(ids)).to.equal("the value of an expression");
    expect(await tokenizer.decode(BigInt64Array.from(ids, BigInt))).to.equal("the value of an expression");
    expect((await rejection(tokenizer.decode([2, -1]), "ERR_INVALID_ARG")).message).to.match(/-1 at position 1/);
  });

  it("refuses what is no text, by its index", async () => {
    for (const bad of [1, null, undefined, {}, ["a"], ["a", 1], ["a", "b", "c"], Symbol("s")]) {
      const error = await rejection(tokenizer.encodeBatch(["fine", bad as string]), "ERR_INVALID_ARG");
      expect(error.message).to.include("at index 1");
    }
    await rejection(tokenizer.encode(undefined as unknown as string), "ERR_INVALID_ARG");
    await rejection(tokenizer.encodeBatch("text" as unknown as string[]), "ERR_INVALID_ARG");
  });

  it("refuses lengths without room for the special tokens", async () => {
    for (const maxLength of [1, 0, -1, 2.5, NaN, Infinity, "8" as unknown as number]) {
      const error = await rejection(tokenizer.encode("a", undefined, { maxLength }), "ERR_INVALID_ARG");
      expect(error.message).to.include("at least 2");
    }
    const error = await rejection(tokenizer.encode("a", "b", { maxLength: 2 }), "ERR_INVALID_ARG");
    expect(error.message).to.include("at least 3 for a pair");
  });

  describe("saving", () => {
    const FILES = ["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"];
    const texts = ["Naïve 東京 [SEP] 😀", "", "a b c"];

    for (const [what, files] of [
      ["vocab.txt", { "vocab.txt": undefined }],
      ["vocab.txt with settings", { "vocab.txt": undefined, "tokenizer_config.json": { do_lower_case: false } }],
      ["tokenizer.json", { "tokenizer.json": undefined }],
      [
        "tokenizer.json with settings",
        {
          "tokenizer.json": undefined,
          "tokenizer_config.json": { tokenizer_class: "BertTokenizer", do_lower_case: false },
        },
      ],
    ] as const) {
      it(`writes all files for a tokenizer from ${what}, and they give the same ids`, async () => {
        const from = await AutoTokenizer.fromPretrained(await folder(files));
        const target = path.join(root, "saved", what);
        await from.save(target);
        expect((await readdir(target)).sort()).to.deep.equal(FILES);
        const again = await AutoTokenizer.fromPretrained(target);
        expect(await again.encodeBatch(texts)).to.deep.equal(await from.encodeBatch(texts));
        expect(again.vocabSize).to.equal(from.vocabSize);
        expect(again.maxLength).to.equal(from.maxLength);
        const config = JSON.parse(await readFile(path.join(target, "tokenizer_config.json"), "utf8")) as object;
        expect(config).to.include({ tokenizer_class: "BertTokenizer" });
      });
    }

    it("keeps the folder's own files byte for byte, though the folder is gone", async () => {
      const config = '{"tokenizer_class":"BertTokenizer","model_max_length":512,"note":"mine"}';
      const files = { "tokenizer.json": undefined, "vocab.txt": undefined, "tokenizer_config.json": config };
      const source = await folder(files);
      const opened = await AutoTokenizer.fromPretrained(source);
      await rm(source, { recursive: true });
      await opened.save(source);
      expect(await readFile(path.join(source, "tokenizer_config.json"), "utf8")).to.equal(config);
      const original = await readFile(path.join(GOLDEN, "tokenizer.json"));
      expect(await readFile(path.join(source, "tokenizer.json"))).to.deep.equal(original);
    });

    it("says where it could not write", async () => {
      const source = await folder({ "vocab.txt": undefined });
      const opened = await AutoTokenizer.fromPretrained(source);
      await rejection(opened.save(path.join(source, "vocab.txt")), "ERR_FILE_WRITE");
    });
  });

  describe("damaged folders", () => {
    it("are named when they are not there, or no folders", async () => {
      const error = await rejection(AutoTokenizer.fromPretrained(path.join(root, "nowhere")), "ERR_FILE_NOT_FOUND");
      expect(error.message).to.include("nowhere");
      const file = path.join(await folder({ "vocab.txt": undefined }), "vocab.txt");
      await rejection(AutoTokenizer.fromPretrained(file), "ERR_FILE_NOT_FOUND");
      await rejection(AutoTokenizer.fromPretrained(undefined as unknown as string), "ERR_INVALID_ARG");
    });

    const template = {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] } },
    };
    type Damage = (whole: Record<string, unknown>) => unknown;
    const process =
      (post_processor: object): Damage =>
      (whole) => ({ ...whole, post_processor });
    const onlyToken =
      (token: string): Damage =>
      ({ model, ...rest }) => {
        const small = { ...(model as object), vocab: { [token]: 0 } };
        return { ...rest, added_tokens: [], post_processor: null, model: small };
      };
    const damage: [string, string, Damage][] = [
      ["is cut short", "tokenizer.json", (whole) => JSON.stringify(whole).slice(0, 20_000)],
      ["is empty", "tokenizer.json", () => ""],
      ["is a list", "tokenizer.json", () => []],
      ["has no model", "tokenizer.json", ({ model: _model, ...rest }) => rest],
      ["has an unknown model", "tokenizer.json", (whole) => ({ ...whole, model: { type: "Oracle" } })],
      ["is not UTF-8", "tokenizer.json", () => Buffer.from([0x7b, 0xff, 0x7d])],
      // The library panics on the next three, which would end the process.
      ["uses a special token that it does not define", "tokenizer.json", process({ ...template, special_tokens: {} })],
      ["asks for a second text where there is one", "tokenizer.json", process({ ...template, single: template.pair })],
      [
        "hides such a fault in a sequence",
        "tokenizer.json",
        process({ type: "Sequence", processors: [{ ...template, special_tokens: {} }] }),
      ],
      ["has no padding token", "tokenizer.json", onlyToken("[UNK]")],
      ["lacks the unknown token that it names", "tokenizer.json", onlyToken("[PAD]")],
      ["is empty", "vocab.txt", () => ""],
      ["has no [SEP]", "vocab.txt", () => "[PAD]\n[UNK]\n[CLS]\n"],
      ["is not UTF-8", "vocab.txt", () => Buffer.from([0xe9, 0x0a])],
    ];
    for (const [what, file, breakIt] of damage) {
      it(`are named when ${file} ${what}`, async () => {
        const source = await folder({ [file]: breakIt(await document()) as string | object });
        const error = await rejection(AutoTokenizer.fromPretrained(source), "ERR_TOKENIZER_INVALID");
        expect(error.message).to.include(path.join(source, file));
      });
    }

    it("are named when tokenizer_config.json is damaged, or neither tokenizer file is there", async () => {
      const broken = await folder({ "vocab.txt": undefined, "tokenizer_config.json": "{" });
      const error = await rejection(AutoTokenizer.fromPretrained(broken), "ERR_TOKENIZER_INVALID");
      expect(error.message).to.include("tokenizer_config.json");
      await rejection(AutoTokenizer.fromPretrained(await folder({})), "ERR_TOKENIZER_INVALID");
    });
  });
});
