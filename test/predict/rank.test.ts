import { expect } from "chai";
import { rank } from "../../lib/predict/rank";

describe("rank", () => {
  const probabilities = Float32Array.of(0.125, 0.5, 0.125, 0.25);
  const labels = ["a", "b", "c", "d"];

  it("names the most probable labels first and breaks ties by the labels' order", () => {
    expect(rank(probabilities, labels, 4)).to.deep.equal([
      { label: "b", probability: 0.5 },
      { label: "d", probability: 0.25 },
      { label: "a", probability: 0.125 },
      { label: "c", probability: 0.125 },
    ]);
  });

  it("gives no more than there are", () => {
    expect(rank(probabilities, labels, 1)).to.have.length(1);
    expect(rank(probabilities, labels, 9)).to.have.length(4);
  });
});
