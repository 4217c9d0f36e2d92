import { expect } from "chai";
import { joinWindows, keptLengths, keptSpan, longestFirst, type Span, windows } from "../../lib/text/truncate";

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

  it("takes all from one text where the rule says so, as long as one token of it stays", () => {
    expect(keptLengths([9, 4], 8, "only_first")).to.deep.equal([4, 4]);
    expect(keptLengths([9, 4], 10, "only_second")).to.deep.equal([9, 1]);
    expect(keptLengths([9, 4], 9, "only_second")).to.equal(undefined);
    expect(keptLengths([2, 9], 9, "only_first")).to.equal(undefined);
    expect(keptLengths([9], 5, "only_first")).to.deep.equal([5]);
    expect(keptLengths([9], 5, "longest_first")).to.deep.equal([5]);
    expect(keptLengths([2, 3], 5, "only_first")).to.deep.equal([2, 3]);
  });

  it("keeps the beginning, or the end", () => {
    expect(keptSpan(7, 3, "right")).to.deep.equal({ start: 0, stop: 3 });
    expect(keptSpan(7, 3, "left")).to.deep.equal({ start: 4, stop: 7 });
  });
});

describe("windows", () => {
  const sides = ["right", "left"] as const;

  it("hold every token, share exactly the stride, and are full but for the last", () => {
    for (const side of sides) {
      for (let length = 1; length <= 20; length++) {
        for (let kept = 1; kept <= 8; kept++) {
          for (let stride = 0; stride < kept; stride++) {
            const spans = windows(length, kept, stride, side);
            const label = `${length} in ${kept} with ${stride} on the ${side}: ${JSON.stringify(spans)}`;
            const held = new Set(
              spans.flatMap(({ start, stop }) => Array.from({ length: stop - start }, (_, i) => start + i)),
            );
            expect(
              [...held].sort((a, b) => a - b),
              label,
            ).to.deep.equal(Array.from({ length }, (_, i) => i));
            const shared = (a: Span, b: Span): number => Math.min(a.stop, b.stop) - Math.max(a.start, b.start);
            spans.slice(1).forEach((span, i) => expect(shared(spans[i] as Span, span), label).to.equal(stride));
            for (const { start, stop } of spans.slice(0, -1)) expect(stop - start, label).to.equal(kept);
            expect(spans[0], label).to.deep.equal(keptSpan(length, Math.min(kept, length), side));
          }
        }
      }
    }
  });

  it("of two texts come each with each, those of the first before those of the second", () => {
    const [a, b, c] = [0, 1, 2].map((start) => ({ start, stop: start + 1 })) as [Span, Span, Span];
    expect(joinWindows([a, b], [c])).to.deep.equal([
      [a, c],
      [b, c],
    ]);
    expect(joinWindows([c], [a, b])).to.deep.equal([
      [c, a],
      [c, b],
    ]);
    expect(joinWindows([a, b], [a, c])).to.deep.equal([
      [a, a],
      [b, a],
      [b, c],
      [a, c],
    ]);
  });
});
