/** Tokenizers of BERT's relatives against Python's; `scripts/golden/relatives.py` writes tokenizers and hashes. */
import { expect } from "chai";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { PretrainedTokenizer } from "../../lib/text/pretrained-tokenizer";
import type { EncodeOptions, Encoding, TextInput, Truncation } from "../../lib/text/tokenizer";
import { readEmails } from "../../scripts/demo/emails";
import { readGlosses } from "../../scripts/demo/wordnet";
import { rejection } from "../support/rejection";

const GOLDEN = path.join(__dirname, "..", "golden");

interface Settings {
  readonly max_length: number;
  readonly stride?: number;
  readonly truncation?: Truncation;
  readonly side?: "left";
  readonly add_special_tokens?: boolean;
}

interface Golden {
  readonly texts: readonly TextInput[];
  readonly options: Readonly<Record<string, Settings>>;
  readonly tokenizers: readonly {
    readonly name: string;
    readonly class: string;
    readonly special: Readonly<Record<"pad" | "cls" | "sep" | "mask" | "unk", number | null>>;
    readonly size: number;
    readonly encoded: Readonly<Record<string, readonly (string | null)[]>>;
    readonly decoded: readonly string[];
    readonly definitions: string;
    readonly emails: string;
  }[];
}

const golden = JSON.parse(readFileSync(path.join(GOLDEN, "tokens.relatives.json"), "utf8")) as Golden;

const digest = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 10);

/** Everything that one window tells, in the order of the keys that the script writes. */
function told(
  { ids, typeIds, offsets, wordIds, sequenceIds, specialTokensMask, tokens }: Encoding,
  withOffsets: boolean,
): object {
  const mask = [...(specialTokensMask ?? [])];
  return {
    ids: [...ids],
    typeIds: [...typeIds],
    offsets: withOffsets ? offsets : null,
    wordIds,
    sequenceIds,
    specialTokensMask: mask,
    tokens,
  };
}

function encodeOptions({ max_length, stride, truncation, add_special_tokens }: Settings): EncodeOptions {
  return {
    maxLength: max_length,
    ...(stride === undefined ? {} : { overflow: true, stride }),
    ...(truncation === undefined ? {} : { truncation }),
    ...(add_special_tokens === undefined ? {} : { addSpecialTokens: add_special_tokens }),
    offsets: true,
    wordIds: true,
    sequenceIds: true,
    specialTokensMask: true,
    tokens: true,
  };
}

describe("tokenizers of BERT's relatives are Python's", () => {
  let root: string;
  /** Every so manieth, as the script takes them. */
  let glosses: string[];
  let emails: string[];
  before(async function () {
    this.timeout(120_000); // the e-mails are fetched once
    root = await mkdtemp(path.join(tmpdir(), "relatives-"));
    glosses = await readGlosses(20);
    emails = (await readEmails(40)).map(({ text }) => text);
  });
  after(() => rm(root, { recursive: true }));

  let made = 0;
  /** A folder's tokenizer with another tokenizer_config.json. */
  async function openWith(name: string, config: object): Promise<PretrainedTokenizer> {
    const folder = path.join(root, String(made++));
    await (await AutoTokenizer.fromPretrained(folderOf(name))).save(folder);
    await writeFile(path.join(folder, "tokenizer_config.json"), JSON.stringify(config));
    await rm(path.join(folder, "special_tokens_map.json"), { force: true });
    return AutoTokenizer.fromPretrained(folder);
  }
  const folderOf = (name: string): string => path.join(GOLDEN, "tokenizers", name.replaceAll(" ", "-"));

  for (const entry of golden.tokenizers) {
    describe(entry.name, () => {
      let tokenizer: PretrainedTokenizer;
      let left: PretrainedTokenizer;
      before(async () => {
        tokenizer = await AutoTokenizer.fromPretrained(folderOf(entry.name));
        const config = JSON.parse(
          await readFile(path.join(folderOf(entry.name), "tokenizer_config.json"), "utf8"),
        ) as object;
        left = await openWith(entry.name, { ...config, truncation_side: "left" });
      });

      for (const [option, settings] of Object.entries(golden.options)) {
        it(`in ids, types, offsets, words, masks and tokens: ${option}`, async () => {
          const used = settings.side === "left" ? left : tokenizer;
          for (const [i, text] of golden.texts.entries()) {
            const expected = entry.encoded[option]?.[i];
            if (expected === "") continue;
            const place = JSON.stringify(text).slice(0, 120);
            const work = used.encodeBatch([text], encodeOptions(settings));
            const result = await work.catch((error: unknown) => error);
            if (expected === null) {
              expect(result, place)
                .to.be.instanceOf(Error)
                .with.property("code")
                .that.is.oneOf(["ERR_MAX_LENGTH", "ERR_INVALID_ARG"]);
              continue;
            }
            const [encoding] = await work;
            const withOffsets = settings.stride === undefined || entry.name !== "roberta with a space in front";
            const windows = [encoding as Encoding, ...(encoding?.overflow ?? [])].map((window) =>
              told(window, withOffsets),
            );
            expect(digest(windows), `${place}: ${JSON.stringify(windows).slice(0, 600)}`).to.equal(expected);
          }
        });
      }

      it("in definitions of WordNet and e-mails of SpamAssassin", async () => {
        for (const [texts, hash] of [
          [glosses, entry.definitions],
          [emails, entry.emails],
        ] as const) {
          const encodings = await tokenizer.encodeBatch(texts, { maxLength: 1_000_000 });
          expect(digest(encodings.map(({ ids }) => [...ids]))).to.equal(hash);
        }
      });

      it("in texts from ids", async () => {
        const firsts = golden.texts.map((text) => (typeof text === "string" ? text : text[0]));
        const ids = (await tokenizer.encodeBatch(firsts, { maxLength: 100_000 })).map((encoding) => encoding.ids);
        const texts = await tokenizer.decodeBatch(ids);
        texts.forEach((text, i) => expect(digest(text), JSON.stringify(text).slice(0, 200)).to.equal(entry.decoded[i]));
        expect(await tokenizer.decode(ids[3] as Int32Array)).to.equal(texts[3]);
      });

      it("in special tokens and size, by the class alone where the config names no token", async () => {
        const { pad, cls, sep, mask, unk } = entry.special;
        // RemBERT's folders name tokens other than its class's, and of an own pipeline there is no class.
        const named = entry.name === "rembert" || entry.name === "own pipeline";
        const bare = named ? tokenizer : await openWith(entry.name, { tokenizer_class: entry.class });
        for (const { padTokenId, clsTokenId, sepTokenId, maskTokenId, unkTokenId } of [tokenizer, bare]) {
          expect({ padTokenId, clsTokenId, sepTokenId, maskTokenId, unkTokenId }).to.deep.equal({
            padTokenId: pad,
            clsTokenId: cls ?? undefined,
            sepTokenId: sep ?? undefined,
            maskTokenId: mask ?? undefined,
            unkTokenId: unk ?? undefined,
          });
        }
        expect(tokenizer.vocabSize).to.equal(entry.size);
      });

      it("after they were saved and opened again", async () => {
        const folder = path.join(root, `saved ${entry.name}`);
        await tokenizer.save(folder);
        const again = await AutoTokenizer.fromPretrained(folder);
        expect(again.fingerprint).to.equal(tokenizer.fingerprint);
        expect(await again.encodeBatch(golden.texts.slice(0, 60))).to.deep.equal(
          await tokenizer.encodeBatch(golden.texts.slice(0, 60)),
        );
      });
    });
  }

  it("but for a class that the model is not of, of which the file decides", async () => {
    const odd = await openWith("albert", {
      tokenizer_class: "BertTokenizer",
      pad_token: "<pad>",
      cls_token: "[CLS]",
      sep_token: "[SEP]",
    });
    const plain = await AutoTokenizer.fromPretrained(folderOf("albert"));
    expect((await odd.encode("naïve café ``x''")).ids).to.deep.equal((await plain.encode("naïve café ``x''")).ids);
    await rejection(
      openWith("albert", { tokenizer_class: "AlbertTokenizer", pad_token: "<none>" }),
      "ERR_TOKENIZER_INVALID",
    );
  });
});
