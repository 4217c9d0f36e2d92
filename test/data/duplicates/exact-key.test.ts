import { expect } from "chai";
import fc from "fast-check";
import { exactKey } from "../../../lib/data/duplicates/exact-key";
import type { TextInput } from "../../../lib/text/tokenizer";

describe("exactKey", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "1", "2", "é", "e\u0301", "\ud800") });
  const input = fc.oneof(text, fc.tuple(text, text)) as fc.Arbitrary<TextInput>;

  it("is shared by equal inputs and by no others", () => {
    fc.assert(
      fc.property(input, input, (a, b) => {
        expect(exactKey(a) === exactKey(b)).to.equal(JSON.stringify(a) === JSON.stringify(b));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("tells pairs apart by where the first text ends, and from single texts", () => {
    const inputs: TextInput[] = [["ab", "c"], ["a", "bc"], "abc", ["abc", ""], ["", "abc"], "pair 2 abc", "single abc"];
    expect(new Set(inputs.map(exactKey)).size).to.equal(inputs.length);
  });
});
