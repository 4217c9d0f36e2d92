/**
 * Ids put together from remembered words against those of whole texts, which the library is asked for as soon as tokens
 * are wanted.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { PretrainedTokenizer } from "../../lib/text/pretrained-tokenizer";
import { libraryTokenizer } from "../../lib/text/huggingface";
import { WordMemo } from "../../lib/text/word-memo";

const GOLDEN = path.join(__dirname, "..", "golden");
const FOLDERS = [
  path.join(GOLDEN, "tokenizer"),
  ...readdirSync(path.join(GOLDEN, "tokenizers")).map((name) => path.join(GOLDEN, "tokenizers", name)),
];

/** What stands beside spaces in texts that somebody has, or made up to break this. */
const PARTS = [
  "the",
  "The",
  "word",
  "word,",
  "words;",
  "unaffable",
  "x's",
  "'s",
  "don't",
  "(a",
  "b)",
  "3.14",
  "1,000",
  "`",
  "``",
  "''",
  '"',
  "-",
  "--",
  "...",
  "é",
  "e\u0301",
  "\u0301",
  "Über",
  "ÀB",
  "İ",
  "ß",
  "ΟΔΟΣ",
  "Σ",
  "пример",
  "слово.",
  "例",
  "東京都",
  "カ\uff9e",
  "\uff9e",
  "\u1161",
  "가",
  "한국어",
  "ไทย",
  "\u0e33",
  "\u{1F600}",
  "\u{1F469}\u200d\u{1F4BB}",
  "\u200d",
  "\u00ad",
  "\u00a0",
  "\u3000",
  "\u2581",
  "\u2581a",
  "\u0d4e",
  "\u0600",
  "½",
  "№",
  "ﬁ",
  "Ａ",
  "\ufeff",
  "\ufffd",
  "\0",
  "\x7f",
  "[PAD]",
  "[SEP]",
  "[MASK]",
  "[MASK],",
  "[UNK]",
  "<pad>",
  "<s>",
  "</s>",
  "<mask>",
  "<mask>.",
  "<unk>",
  "[",
  "<",
  "]",
  "x".repeat(70),
  "ab".repeat(80),
];
const text = fc
  .array(
    fc.tuple(fc.constantFrom(...PARTS), fc.constantFrom(" ", " ", " ", " ", "", "  ", "\t", "\n", " \n", "\u00a0")),
    { maxLength: 12 },
  )
  .map((parts) => parts.map(([part, space]) => part + space).join(""));
const texts = fc.array(fc.oneof({ weight: 4, arbitrary: text }, fc.string({ unit: "binary", maxLength: 20 })), {
  minLength: 1,
  maxLength: 24,
});

describe("ids put together from words", () => {
  for (const folder of FOLDERS) {
    it(`are those of whole texts: ${path.basename(folder)}`, async () => {
      const tokenizer = await AutoTokenizer.fromPretrained(folder);
      const property = fc.asyncProperty(texts, async (all) => {
        const [fromWords, whole] = [
          await tokenizer.encodeBatch(all, { maxLength: 100_000 }),
          await tokenizer.encodeBatch(all, { maxLength: 100_000, tokens: true }),
        ];
        fromWords.forEach(({ ids }, i) =>
          expect([...ids], JSON.stringify(all[i])).to.deep.equal([...(whole[i]?.ids ?? [])]),
        );
      });
      await fc.assert(property, { seed: 21, numRuns: 150 });
    });
  }

  for (const folder of FOLDERS.slice(1)) {
    it(`and of a long text in pieces all that is told is of the whole: ${path.basename(folder)}`, async () => {
      const tokenizer = await AutoTokenizer.fromPretrained(folder);
      const library = libraryTokenizer(readFileSync(path.join(folder, "tokenizer.json"), "utf8"));
      const long = Array.from({ length: 5000 }, (_, i) => `${PARTS[i % PARTS.length]} of the word ${i}`).join(" ");
      const whole = await library.encode(long, null, { addSpecialTokens: false });
      const options = { maxLength: 1_000_000, addSpecialTokens: false, offsets: true, wordIds: true, tokens: true };
      const { ids, offsets = [], wordIds, tokens } = await tokenizer.encode(long, undefined, options);
      expect([...ids]).to.deep.equal(whole.getIds());
      expect(tokens).to.deep.equal(whole.getTokens());
      expect(wordIds).to.deep.equal(whole.getWordIds());
      const units = [0];
      for (const character of long) units.push((units.at(-1) as number) + character.length);
      expect(offsets).to.deep.equal(whole.getOffsets().map(([start, end]) => [units[start], units[end]]));
    });
  }

  describe("of pipelines that look further than they seem to", () => {
    const strip = { type: "StripAccents" };
    const collapse = { type: "Replace", pattern: { Regex: " {2,}" }, content: " " };
    const replace = (text: string, content: string): object => ({
      type: "Replace",
      pattern: { String: text },
      content,
    });
    const sequence = (...normalizers: object[]): object => ({ normalizer: { type: "Sequence", normalizers } });
    const special = (content: string, id: number): object => ({
      id,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    });

    for (const [base, change, all] of [
      ["big-bird", sequence({ type: "NFKD" }, strip, collapse), ["a \u203e b", "a\u203e b", "x \ufe70 y"]],
      [
        "big-bird",
        sequence({ type: "NFKD" }, strip, { type: "Strip", strip_left: false, strip_right: true }),
        ["a \u203e b", "a \u2017"],
      ],
      ["big-bird", sequence(replace("-", ""), collapse), ["a - b", "a-b - c"]],
      ["big-bird", sequence(replace("hashtag", " hashtag "), replace(" ", "_")), ["a hashtag b", "hashtag b"]],
      ["distilbert", { added_tokens: [special("[UNK]", 1), special("[[", 5)] }, ["x[ y zz\u2603", "x[", "y \u2603"]],
      [
        "distilbert",
        { added_tokens: [special("[SEP]", 7), special("[CLS]", 8)] },
        ["the film of [SEP] a day", "the", "word [CLS]"],
      ],
      [
        "roberta",
        { post_processor: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true } },
        ["a b c"],
      ],
    ] as const) {
      it(JSON.stringify(change).slice(0, 110), async () => {
        const folder = await mkdtemp(path.join(tmpdir(), "words-"));
        try {
          const document = JSON.parse(
            readFileSync(path.join(GOLDEN, "tokenizers", base, "tokenizer.json"), "utf8"),
          ) as object;
          const json = JSON.stringify({ ...document, ...change });
          await writeFile(path.join(folder, "tokenizer.json"), json);
          const names = { pad_token: "[PAD]", ...(base === "distilbert" ? {} : { pad_token: "<pad>" }) };
          await writeFile(
            path.join(folder, "tokenizer_config.json"),
            JSON.stringify({ tokenizer_class: "PreTrainedTokenizerFast", ...names }),
          );
          const tokenizer = await AutoTokenizer.fromPretrained(folder);
          const library = libraryTokenizer(json);
          const options = { maxLength: 1_000_000, addSpecialTokens: false };
          for (const texts of [all, all.map((one) => `${one} `.repeat(4000))]) {
            const encodings = await tokenizer.encodeBatch(texts, options);
            const told = await tokenizer.encodeBatch(texts, { ...options, offsets: true });
            for (const [i, one] of texts.entries()) {
              const whole = await library.encode(one, null, { addSpecialTokens: false });
              expect([...(encodings[i]?.ids ?? [])], one.slice(0, 40)).to.deep.equal(whole.getIds());
              expect(told[i]?.offsets).to.deep.equal(whole.getOffsets());
            }
          }
        } finally {
          await rm(folder, { recursive: true });
        }
      });
    }
  });

  describe("of BERT", () => {
    let tokenizer: PretrainedTokenizer;
    before(async () => (tokenizer = await AutoTokenizer.fromPretrained(path.join(GOLDEN, "tokenizer"))));

    it("of a text longer than a piece, in batches that run at once", async () => {
      const long = Array.from({ length: 4000 }, (_, i) => `word${i % 700} of the ${PARTS[i % PARTS.length]}`).join(" ");
      const options = { maxLength: 1_000_000 };
      const whole = await tokenizer.encode(long, undefined, { ...options, tokens: true });
      const many = await Promise.all(
        Array.from({ length: 6 }, () => tokenizer.encodeBatch([long, "short", [long, "pair"]], options)),
      );
      for (const [alone, , pair] of many) {
        expect(alone?.ids).to.deep.equal(whole.ids);
        expect(pair?.ids.subarray(0, whole.ids.length)).to.deep.equal(whole.ids);
      }
    });

    it("of more words than are kept", async () => {
      const all = Array.from({ length: 300 }, (_, i) =>
        Array.from({ length: 500 }, (_, j) => `w${i * 500 + j}`).join(" "),
      );
      for (let pass = 0; pass < 2; pass++) {
        const encodings = await tokenizer.encodeBatch(all, { maxLength: 100_000 });
        for (const i of [0, 150, 299]) {
          const whole = await tokenizer.encode(all[i] as string, undefined, { maxLength: 100_000, tokens: true });
          expect(encodings[i]?.ids).to.deep.equal(whole.ids);
        }
      }
    });
  });

  it("keep the words that come again, and none that is long", () => {
    const memo = new WordMemo();
    memo.set("often", 1);
    memo.set("once", [2, 3]);
    for (let i = 0; i < 200_000; i++) {
      memo.set(`w${i}`, i);
      if (i % 1000 === 0) expect(memo.get("often")).to.equal(1);
    }
    expect(memo.get("once")).to.equal(undefined);
    expect(memo.get("w199999")).to.equal(199_999);
    memo.set("x".repeat(1000), 4);
    expect(memo.get("x".repeat(1000))).to.equal(undefined);
  });
});
