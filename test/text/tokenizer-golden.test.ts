/** Token ids on hard texts against those of Python's `AutoTokenizer`; `scripts/golden/tokens.py` writes them. */
import { expect } from "chai";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { padEncodings } from "../../lib/data/pad";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { Encoding, TextInput, Tokenizer } from "../../lib/text/tokenizer";

const GOLDEN = path.join(__dirname, "..", "golden");

interface Golden {
  readonly texts: readonly TextInput[];
  readonly padding: {
    readonly texts: readonly string[];
    readonly ids: number[][];
    readonly types: number[][];
    readonly mask: number[][];
  };
  readonly variants: readonly {
    readonly name: string;
    readonly settings: object;
    readonly encodings: readonly (readonly { maxLength: number; ids: number[]; types?: string }[])[];
  }[];
}

describe("token ids as in Python", () => {
  let golden: Golden;
  let folder: string;

  before(async () => {
    golden = JSON.parse(await readFile(path.join(GOLDEN, "tokens.json"), "utf8")) as Golden;
    folder = await mkdtemp(path.join(tmpdir(), "tokenizer-"));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await rm(path.join(folder, "vocab.txt"), { force: true });
    await rm(path.join(folder, "tokenizer.json"), { force: true });
  });

  async function open(file: "vocab.txt" | "tokenizer.json", settings: object): Promise<Tokenizer> {
    await copyFile(path.join(GOLDEN, "tokenizer", file), path.join(folder, file));
    const config = { tokenizer_class: "BertTokenizer", model_max_length: 512, ...settings };
    await writeFile(path.join(folder, "tokenizer_config.json"), JSON.stringify(config));
    return AutoTokenizer.fromPretrained(folder);
  }

  async function check(tokenizer: Tokenizer, encodings: Golden["variants"][number]["encodings"]): Promise<number> {
    const lengths = new Set(encodings.flatMap((entries) => entries.map(({ maxLength }) => maxLength)));
    let compared = 0;
    for (const maxLength of lengths) {
      const cases = encodings.flatMap((entries, text) => {
        const expected = entries.find((entry) => entry.maxLength === maxLength);
        return expected ? [{ expected, text: golden.texts[text] as TextInput }] : [];
      });
      const results = await tokenizer.encodeBatch(
        cases.map(({ text }) => text),
        { maxLength },
      );
      results.forEach((result, i) => {
        const { expected, text } = cases[i] as (typeof cases)[number];
        expect(plain(result), `${JSON.stringify(text).slice(0, 200)} at ${maxLength}`).to.deep.equal({
          ids: expected.ids,
          types: expected.types ?? "0".repeat(expected.ids.length),
        });
        compared++;
      });
    }
    return compared;
  }

  const names = [
    "uncased",
    "cased",
    "lower case with accents",
    "cased without accents",
    "CJK as words",
    "truncated on the left",
    "no settings",
  ];
  for (const [position, name] of names.entries()) {
    for (const file of ["vocab.txt", "tokenizer.json"] as const) {
      it(`are equal from ${file}, ${name}`, async () => {
        const variant = golden.variants[position];
        expect(variant?.name).to.equal(name);
        const tokenizer = await open(file, variant?.settings ?? {});
        expect(await check(tokenizer, variant?.encodings ?? [])).to.be.greaterThan(100);
      });
    }
  }

  it("are equal one text at a time", async () => {
    const tokenizer = await open("vocab.txt", {});
    const [variant] = golden.variants;
    for (const [text, entries] of (variant?.encodings ?? []).entries()) {
      const input = golden.texts[text] as TextInput;
      const [first, pair] = typeof input === "string" ? [input] : input;
      const result = await tokenizer.encode(first, pair);
      expect([...result.ids]).to.deep.equal(entries[0]?.ids);
    }
  });

  it("are equal after padding a batch, with mask and types", async () => {
    const { texts, ids, types, mask } = golden.padding;
    const tokenizer = await open("tokenizer.json", {});
    const padded = padEncodings(await tokenizer.encodeBatch(texts), tokenizer.padTokenId);
    expect(padded.shape).to.deep.equal([ids.length, ids[0]?.length]);
    expect([...padded.inputIds]).to.deep.equal(ids.flat());
    expect([...padded.attentionMask]).to.deep.equal(mask.flat());
    expect([...padded.tokenTypeIds]).to.deep.equal(types.flat());
    expect(padded.tokens).to.equal(mask.flat().reduce((sum, bit) => sum + bit));
  });
});

function plain({ ids, typeIds }: Encoding): { ids: number[]; types: string } {
  return { ids: [...ids], types: typeIds.join("") };
}
