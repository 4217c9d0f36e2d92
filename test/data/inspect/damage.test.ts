import { expect } from "chai";
import fc from "fast-check";
import { damageIn, isBlank } from "../../../lib/data/inspect/damage";

const kinds = (text: string): string[] => damageIn(text).map(({ kind }) => kind);

describe("damageIn", () => {
  it("finds UTF-8 that was read as Latin-1 or Windows-1252", () => {
    // Python: text.encode("utf8").decode("cp1252" or "latin-1")
    const damaged = [
      "caf\u00c3\u00a9", // café
      "\u00e2\u20ac\u2122", // ’
      "\u00e2\u0080\u0099", // ’, Latin-1
      "\u00e2\u201e\u00a2", // ™
      "\u00f0\u0178\u02dc\u20ac", // 😀
      "\u00f0\u009f\u0098\u0080", // 😀, Latin-1
      "\u00ce\u2022\u00ce\u00bb\u00ce\u00bb\u00ce\u00ac\u00ce\u00b4\u00ce\u00b1", // Ελλάδα
      "\u00d0\u00bf\u00d1\u20ac\u00d0\u00b8\u00d0\u00b2\u00d0\u00b5\u00d1\u201a", // привет
      "\u00e6\u2014\u00a5\u00e6\u0153\u00ac", // 日本
      "\u00c3\u00bcber", // über
      "na\u00c3\u00afve", // naïve
      "\u00e2\u20ac\u201c", // –
      "\u00c3\u0192\u00c2\u00a9", // é, twice
      "100\u00c2\u00a0km", // a no-break space
      "\u00ef\u00bb\u00bfname", // a byte order mark
    ];
    for (const text of damaged) expect(kinds(`see ${text}`), text).to.include("mojibake");
  });

  it("finds what Latin-1 makes of the UTF-8 of every letter of Latin-1", () => {
    for (let code = 0xa0; code <= 0xff; code++) {
      const text = Buffer.from(`x${String.fromCharCode(code)}`, "utf8").toString("latin1");
      expect(kinds(text), text).to.include("mojibake");
    }
  });

  it("leaves sound texts in many languages alone", () => {
    const sound = [
      "Où est passé « l'été » ? Voilà\u00a0» dit-il, à\u00a0« Noël\u00a0»…",
      "«LIBERTÉ», «MAÇÃ», „GRÖẞE“, “NÃO”, ÑANDÚ, L·L, CORAÇÃO",
      "Ångström, Ærø, Łódź, naïve, façade, coöperate, Ø 5°, Þór, ½ £ ¥ © ® ™ € – — ’",
      "привет Ελλάδα שלום مرحبا 日本語 한국어 हिन्दी ไทย 😀 👩‍👩‍👧",
      "tab\tand\r\nlines, AT&T, R&D, a & b; x &y; &c.",
      "",
    ];
    for (const text of sound) expect(kinds(text), text).to.deep.equal([]);
  });

  it("finds each other kind, and where it is", () => {
    expect(damageIn("ab\ufffdc")).to.deep.equal([{ kind: "replacement-character", at: 2 }]);
    expect(damageIn("😀 half \ud83d")).to.deep.equal([{ kind: "lone-surrogate", at: 8 }]);
    expect(kinds("\ude00 x")).to.deep.equal(["lone-surrogate"]);
    expect(damageIn("a\0b")).to.deep.equal([{ kind: "control-character", at: 1 }]);
    expect(kinds("\u001b[31m")).to.deep.equal(["control-character"]);
    expect(kinds("next\u0085line")).to.deep.equal(["control-character"]);
    expect(damageIn("\ufeffid")).to.deep.equal([{ kind: "byte-order-mark", at: 0 }]);
    for (const entity of ["&amp;", "&LT;", "&nbsp;", "&#39;", "&#x27;", "&quot;"]) {
      expect(damageIn(`a ${entity} b`), entity).to.deep.equal([{ kind: "html-entity", at: 2 }]);
    }
    expect(kinds("\0 \ufffd &gt;")).to.deep.equal(["replacement-character", "control-character", "html-entity"]);
  });

  it("takes any string", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const { at } of damageIn(text)) expect(at).to.be.within(0, text.length - 1);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});

describe("isBlank", () => {
  it("is true of texts without a visible character", () => {
    for (const text of ["", " ", "\n\t", "\u00a0", "\u3000", "\u200b", "\ufeff", "\0"]) {
      expect(isBlank(text), JSON.stringify(text)).to.equal(true);
    }
    for (const text of ["a", " .", "\u200b1", "😀"]) expect(isBlank(text), text).to.equal(false);
  });
});
