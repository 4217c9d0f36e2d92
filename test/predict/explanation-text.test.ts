import { inspect, stripVTControlCharacters } from "node:util";
import { expect } from "chai";
import { explanationReading, markedParts } from "../../lib/predict/explanation-text";

const word = (text: string, start: number, attribution: number) => ({
  text,
  start,
  end: start + text.length,
  attribution,
});
const EXPLANATION = {
  label: "good",
  score: 2,
  baselineScore: 0.5,
  convergenceDelta: 0,
  converged: true,
  tokens: [],
  words: [word("not", 0, -0.5), word("good", 4, 2), word(",", 8, 0.1), word("but", 10, 0.5)],
};

describe("an explanation in letters", () => {
  it("marks words by their share of the strongest one's attribution, and joins them as the text does", () => {
    expect(markedParts(EXPLANATION).map(({ text, share }) => [text, share])).to.deep.equal([
      ["not", -0.25],
      [" ", undefined],
      ["good", 1],
      [",", 0.05],
      [" ", undefined],
      ["but", 0.25],
    ]);
    const lines = explanationReading(EXPLANATION).whole({}).split("\n");
    expect(lines[0]).to.equal('"good" scores 2, an empty text 0.5; the words add up to the difference');
    expect(lines[2]).to.equal("  -not- ++good++, +but+");
    expect(lines.at(-1)).to.equal("strongest: good +2, not -0.5, but +0.5, , +0.1");
    expect(explanationReading({ ...EXPLANATION, converged: false, convergenceDelta: 0.3 }).short()).to.contain(
      "the words are off by 0.3, take more steps",
    );
  });

  it("uses colours where the terminal has them, and breaks long texts", () => {
    const words = Array.from({ length: 60 }, (_, at) => word(`word${at}`, at * 8, at % 2 === 0 ? 1 : -1));
    const text = explanationReading({ ...EXPLANATION, words }).whole({ colors: true });
    expect(text).to.contain("\u001b[1m\u001b[32mword0\u001b[0m").and.to.contain("\u001b[1m\u001b[31mword1\u001b[0m");
    const lines = stripVTControlCharacters(text).split("\n");
    expect(Math.max(...lines.map(({ length }) => length))).to.be.within(60, 80);
    expect(lines.slice(2, -3).join(" ").split(/\s+/).filter(Boolean)).to.deep.equal(words.map((own) => own.text));
  });

  it("shows what a terminal would obey, and explains nothing by nothing", () => {
    expect(explanationReading({ ...EXPLANATION, words: [word("a\u001b[2J", 0, 1)] }).whole({})).to.contain(
      "++a\\u001b[2J++",
    );
    expect(explanationReading({ ...EXPLANATION, words: [] }).whole({})).to.contain("strongest: ");
    expect(inspect(EXPLANATION)).to.contain("baselineScore: 0.5");
  });
});
