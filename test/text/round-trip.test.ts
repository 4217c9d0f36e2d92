import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import type { Tokenizer } from "../../lib/text/tokenizer";

describe("encoding and then decoding", () => {
  let tokenizer: Tokenizer;
  before(
    async () => (tokenizer = await AutoTokenizer.fromPretrained(path.join(__dirname, "..", "golden", "tokenizer"))),
  );

  /** What BERT's normaliser keeps of a text: without accents, in lower case; spaces only part words. */
  const kept = (text: string): string =>
    text
      .normalize("NFD")
      .replace(/\p{Mn}/gu, "")
      .toLowerCase()
      .replace(/\s/g, "");

  it("keeps what the normaliser keeps", async () => {
    const unknown = (await tokenizer.encode("\u{1F9FF}")).ids[1];
    // Characters that the vocabulary has, each also as a word's continuation.
    const known: string[] = [];
    for (let code = 0x20; code < 0x180; code++) {
      const character = String.fromCharCode(code);
      if (kept(character).length !== 1 || /\p{C}/u.test(character)) continue; // control characters are cleaned away
      if (!(await tokenizer.encode(`a${character}a`)).ids.includes(unknown as number)) known.push(character);
    }
    expect(known.length).to.be.above(100);
    const texts = fc.array(fc.string({ unit: fc.constantFrom(...known, " ", " ", "\n", "\t"), maxLength: 40 }), {
      minLength: 1,
      maxLength: 8,
    });
    const property = fc.asyncProperty(texts, async (all) => {
      const encodings = await tokenizer.encodeBatch(all, { maxLength: 128 });
      for (const [i, { ids }] of encodings.entries()) {
        if (ids.includes(unknown as number)) continue; // a word of more than 100 characters, or one whose pieces are not there
        expect((await tokenizer.decode(ids)).replace(/\s/g, "")).to.equal(kept(all[i] as string));
      }
    });
    await fc.assert(property, { seed: 13, numRuns: 200 });
  });
});
