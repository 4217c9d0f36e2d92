import { expect } from "chai";
import { cost, formatTable, geometricMean, median, throughput } from "../../bench/report";

describe("the benchmarks' report", () => {
  it("takes the middle value, or the mean of the middle two", () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([8, 1, 2, 4])).to.equal(3);
    expect(median([])).to.be.NaN;
  });

  it("gives a ratio below 1 where we are better, in time and in throughput", () => {
    expect(cost("step", "ms", { ours: [50], peer: [100] }).ratio).to.equal(0.5);
    expect(throughput("text", "tokens/s", { ours: [200], peer: [100] }).ratio).to.equal(0.5);
  });

  it("sums several items up by their geometric mean", () => {
    const items = [cost("a", "ns", { ours: [100], peer: [400] }), cost("b", "ns", { ours: [900], peer: [100] })];
    const { ours, peer, ratio, unit } = geometricMean("all", items);
    expect(ours).to.be.closeTo(300, 1e-9); // √(100 · 900)
    expect(peer).to.be.closeTo(200, 1e-9);
    expect(ratio).to.be.closeTo(1.5, 1e-12);
    expect(unit).to.equal("ns");
  });

  it("prints one line per item under a line of headings", () => {
    const table = formatTable([cost("step", "ms", { ours: [512.34], peer: [640] })]);
    expect(table.split("\n")).to.deep.equal(["       ours   peer  unit  ratio", "step  512.3  640.0  ms    0.801"]);
  });
});
