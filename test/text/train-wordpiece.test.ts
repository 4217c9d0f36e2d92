/** Training a WordPiece tokenizer; `scripts/golden/wordpiece.py` writes what Python makes of the same texts. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { PretrainedTokenizer } from "../../lib/text/pretrained-tokenizer";
import { trainWordPiece, type WordPieceOptions } from "../../lib/text/train-wordpiece";
import { readGlosses } from "../../scripts/demo/wordnet";
import { rejection } from "../support/rejection";

interface Golden {
  readonly step: number;
  readonly trained: readonly {
    readonly options: {
      readonly vocab_size: number;
      readonly lowercase: boolean;
      readonly limit_alphabet?: number;
      readonly min_frequency?: number;
    };
    readonly vocabulary: readonly string[];
  }[];
}

const golden = JSON.parse(readFileSync(path.join(__dirname, "..", "golden", "wordpiece.json"), "utf8")) as Golden;
const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

function vocabulary(tokenizer: PretrainedTokenizer): (string | undefined)[] {
  return Array.from({ length: tokenizer.vocabSize }, (_, id) => tokenizer.idToToken(id));
}

const tokensOf = async (tokenizer: PretrainedTokenizer, text: string): Promise<readonly string[] | undefined> =>
  (await tokenizer.encode(text, undefined, { tokens: true, addSpecialTokens: false })).tokens;

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

describe("training a WordPiece tokenizer", () => {
  for (const { options, vocabulary: expected } of golden.trained) {
    it(`finds Python's tokens: ${JSON.stringify(options)}`, async () => {
      const texts = await readGlosses(golden.step);
      const tokenizer = await trainWordPiece(texts, {
        vocabSize: options.vocab_size,
        lowercase: options.lowercase,
        ...(options.limit_alphabet === undefined ? {} : { limitAlphabet: options.limit_alphabet }),
        ...(options.min_frequency === undefined ? {} : { minFrequency: options.min_frequency }),
      });
      const tokens = vocabulary(tokenizer);
      expect(tokens.slice(0, 5)).to.deep.equal(SPECIAL);
      expect([...tokens].sort()).to.deep.equal([...expected].sort());
    });
  }

  it("merges what is frequent, to the letter", async () => {
    const tokenizer = await trainWordPiece(
      ["hug ".repeat(10), "pug ".repeat(5), "pun ".repeat(12), "bun ".repeat(4), "hugs ".repeat(5)],
      { vocabSize: 18 },
    );
    // The worked example of Hugging Face's course, chapter 6, with merges by frequency.
    expect(vocabulary(tokenizer)).to.deep.equal([
      ...SPECIAL,
      "b",
      "g",
      "h",
      "n",
      "p",
      "s",
      "u",
      "##u",
      "##g",
      "##n",
      "##s",
      "##ug",
      "##un",
    ]);
    expect(await tokensOf(tokenizer, "Hugs bun mug")).to.deep.equal(["h", "##ug", "##s", "b", "##un", "[UNK]"]);
  });

  it("gives the same tokenizer for the same texts, however they come", async () => {
    const texts = (await readGlosses(200)).slice(0, 300);
    const options = { vocabSize: 600 };
    const [list, set, stream] = [
      await trainWordPiece(texts, options),
      await trainWordPiece(new Set(texts), options),
      await trainWordPiece(later(texts), options),
    ];
    expect(set.fingerprint).to.equal(list.fingerprint);
    expect(stream.fingerprint).to.equal(list.fingerprint);
    expect((await trainWordPiece(texts, { vocabSize: 601 })).fingerprint).to.not.equal(list.fingerprint);
  });

  it("obeys case, accents, CJK, the alphabet and the length", async () => {
    const texts = ["Élan élan Elan elan 東京 東京"];
    const trained = async (options: WordPieceOptions): Promise<readonly string[] | undefined> =>
      tokensOf(await trainWordPiece(texts, { vocabSize: 60, minFrequency: 1, ...options }), "Élan 東京");
    expect(await trained({})).to.deep.equal(["elan", "東", "京"]);
    expect(await trained({ stripAccents: false })).to.deep.equal(["élan", "東", "京"]);
    expect(await trained({ lowercase: false, handleChineseChars: false })).to.deep.equal(["Élan", "東京"]);
    expect(await trained({ limitAlphabet: 4 })).to.deep.equal(["elan", "[UNK]", "[UNK]"]);
    expect(await trained({ limitAlphabet: 1, initialAlphabet: ["東", "京"] })).to.deep.equal(["[UNK]", "東", "京"]);
    const short = await trainWordPiece(texts, { vocabSize: 60, maxLength: 4 });
    expect((await short.encode("elan elan elan elan")).ids).to.have.length(4);
  });

  it("saves a folder that is opened as it was, with vocab.txt", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "wordpiece-"));
    try {
      const tokenizer = await trainWordPiece(await readGlosses(400), {
        vocabSize: 500,
        lowercase: false,
        maxLength: 64,
      });
      await tokenizer.save(folder);
      const again = await AutoTokenizer.fromPretrained(folder);
      expect(again.fingerprint).to.equal(tokenizer.fingerprint);
      expect(readFileSync(path.join(folder, "vocab.txt"), "utf8").split("\n").slice(0, 5)).to.deep.equal(SPECIAL);
      expect(again.maxLength).to.equal(64);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("passes over words that are unknown in any case, and stops at a signal", async () => {
    const tokenizer = await trainWordPiece([`${"q".repeat(101)} word ${"z".repeat(100)}`], {
      vocabSize: 200,
      minFrequency: 1,
    });
    expect(tokenizer.tokenToId("q")).to.equal(undefined);
    expect(tokenizer.tokenToId("z".repeat(100))).to.be.a("number");
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<string> {
      for (let i = 0; ; i++) {
        if (i === 100) controller.abort(new Error("enough"));
        await Promise.resolve();
        yield `word ${i}`;
      }
    }
    const error = await trainWordPiece(endless(), { signal: controller.signal }).catch((reason: unknown) => reason);
    expect(error).to.be.an("error").with.property("message", "enough");
  });

  it("refuses wrong inputs", async () => {
    const refused = async (work: Promise<unknown>, message: RegExp): Promise<void> =>
      void expect((await rejection(work, "ERR_INVALID_ARG")).message).to.match(message);
    const texts = ["some words"];
    for (const wrong of [undefined, null, 3, "a text", {}]) {
      await refused(trainWordPiece(wrong as never), /iterable of strings/);
    }
    await refused(trainWordPiece(["a", 3 as never]), /got 3 at index 1/);
    await refused(trainWordPiece([]), /at least one word/);
    await refused(trainWordPiece(["  ", ""]), /at least one word/);
    await refused(
      trainWordPiece(texts, { vocabSize: 10 }),
      /vocabSize of at least 18 for 5 special tokens and the 7 characters/,
    );
    for (const options of [
      { vocabSize: 5 },
      { vocabSize: 10.5 },
      { minFrequency: -1 },
      { limitAlphabet: 0 },
      { initialAlphabet: "abc" },
      { initialAlphabet: ["ab"] },
      { initialAlphabet: ["\n"] },
      { initialAlphabet: ["\ud800"] },
      { lowercase: 1 },
      { stripAccents: null },
      { handleChineseChars: "no" },
      { maxLength: 1 },
      { signal: {} },
      { vocab_size: 100 },
      [],
    ]) {
      await refused(trainWordPiece(texts, options as never), /^trainWordPiece: expected/);
    }
  });
});
