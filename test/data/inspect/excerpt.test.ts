import { expect } from "chai";
import fc from "fast-check";
import { excerptOf, printable } from "../../../lib/data/inspect/excerpt";

describe("excerptOf", () => {
  it("gives short texts whole and the surroundings of a position in long ones", () => {
    expect(excerptOf("short")).to.equal("short");
    const long = `${"a".repeat(500)}!${"b".repeat(500)}`;
    expect(excerptOf(long)).to.match(/^a{160}…$/);
    expect(excerptOf(long, 500)).to.match(/^…a{30}!b+…$/);
    expect(excerptOf(long, 1000)).to.match(/^…b{31}$/);
  });

  it("shows the position, in bounded length, and splits no pair of surrogates", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "😀", "é"), maxLength: 600 }), fc.nat(), (text, seed) => {
        const at = text.length === 0 ? 0 : seed % text.length;
        const excerpt = excerptOf(text, at);
        expect(excerpt.length).to.be.at.most(162);
        expect(/\p{Cs}/u.test(excerpt)).to.equal(false);
        expect(text).to.include(excerpt.replace(/^…|…$/g, ""));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});

describe("printable", () => {
  it("writes what a terminal would obey or not show as escapes", () => {
    expect(printable("a\u001b[2J\0\r\n\tb")).to.equal("a\\u001b[2J\\u0000\\r\\n\\tb");
    expect(printable("\u202eabc\u2066\ud800\ufeff\u2028")).to.equal("\\u202eabc\\u2066\\ud800\\ufeff\\u2028");
    expect(printable("é 漢 😀 👩‍👧")).to.equal("é 漢 😀 👩‍👧");
  });
});
