import { expect } from "chai";
import fc from "fast-check";
import { cutTo, displayWidth, padTo } from "../../../lib/data/inspect/display-width";

describe("displayWidth", () => {
  it("counts two columns for wide characters and none for marks", () => {
    expect(displayWidth("abc")).to.equal(3);
    expect(displayWidth("漢字")).to.equal(4);
    expect(displayWidth("e\u0301")).to.equal(1);
    expect(displayWidth("ﾊﾝ한")).to.equal(4);
    expect(displayWidth("😀")).to.equal(2);
  });
});

describe("cutTo and padTo", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "漢", "é", "e\u0301", "😀", " ") });

  it("never exceed the columns, and fill them", () => {
    fc.assert(
      fc.property(text, fc.nat(20), fc.boolean(), (given, columns, before) => {
        const cut = cutTo(given, columns);
        expect(displayWidth(cut)).to.be.at.most(columns);
        if (displayWidth(given) <= columns) expect(cut).to.equal(given);
        expect(displayWidth(padTo(cut, columns, before))).to.equal(columns);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});
