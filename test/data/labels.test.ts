import { expect } from "chai";
import { labelMap, listLabels } from "../../lib/data/labels";

describe("the label map", () => {
  it("has each name once, by code point as Python sorts", () => {
    expect(labelMap(["b", "a", "b", "B", "ä", ""])).to.deep.equal(["", "B", "a", "b", "ä"]);
    // JavaScript's own order puts the emoji, whose first code unit is U+D83D, before U+FF21.
    expect(labelMap(["😀", "Ａ", "a😀", "aＡ", "a"])).to.deep.equal(["a", "aＡ", "a😀", "Ａ", "😀"]);
    expect(labelMap(["😁", "😀"])).to.deep.equal(["😀", "😁"]);
  });

  it("sorts integers by value only where all are integers", () => {
    expect(labelMap(["10", "9", "-1", "100"])).to.deep.equal(["-1", "9", "10", "100"]);
    expect(labelMap(["10", "9", "x"])).to.deep.equal(["10", "9", "x"]);
    expect(labelMap(["9007199254740993", "9007199254740992", "+5", "05"])).to.deep.equal([
      "+5",
      "05",
      "9007199254740992",
      "9007199254740993",
    ]);
  });

  it("is listed in messages up to twenty names", () => {
    expect(listLabels(["a", "b"])).to.equal('"a", "b"');
    expect(listLabels(Array.from({ length: 45 }, (_, i) => String(i)))).to.match(/"19", … \(45 in all\)$/);
  });
});
