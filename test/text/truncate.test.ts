import { expect } from "chai";
import { keptPositions, longestFirst } from "../../lib/text/truncate";

describe("truncation", () => {
  it("takes from the longer text until both are alike", () => {
    for (let first = 0; first <= 12; first++) {
      for (let second = 0; second <= 12; second++) {
        for (let room = 0; room <= 24; room++) {
          const [a, b] = longestFirst(first, second, room);
          const label = `${first}, ${second} in ${room}: ${a}, ${b}`;
          expect(a + b, label).to.equal(Math.min(first + second, room));
          expect(a <= first && b <= second, label).to.equal(true);
          if (a < first && b < second) expect(Math.abs(a - b), label).to.be.at.most(1);
          else if (a < first) expect(a, label).to.be.at.least(b - 1);
          else if (b < second) expect(b, label).to.be.at.least(a - 1);
        }
      }
    }
  });

  it("spares special tokens wherever they stand", () => {
    const sequences = [null, 0, 0, 0, 0, null, 1, 1, null];
    expect(keptPositions(sequences, 7, "right")).to.deep.equal([0, 1, 2, 5, 6, 7, 8]);
    expect(keptPositions(sequences, 7, "left")).to.deep.equal([0, 3, 4, 5, 6, 7, 8]);
    expect(keptPositions(sequences, 3, "right")).to.deep.equal([0, 5, 8]);
    expect(keptPositions(sequences, 9, "left")).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
