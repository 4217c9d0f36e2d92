import { expect } from "chai";
import fc from "fast-check";
import { Breather } from "../../../lib/data/duplicates/breather";
import { bandingFor, MinHasher, shareBand } from "../../../lib/data/duplicates/min-hash";
import {
  findNearDuplicates,
  nearDuplicateGroups,
  type NearDuplicateOptions,
} from "../../../lib/data/duplicates/near-duplicates";
import { randomBelow } from "../../../lib/data/random";
import { rejection } from "../../support/rejection";

/** Pieces and similarity as the definition has them, for texts of lower-case letters and single spaces. */
function pieces(
  text: string,
  { unit, size }: { readonly unit: "character" | "word"; readonly size: number },
): Set<string> {
  const parts = unit === "character" ? text.split("") : text.split(" ");
  const joint = unit === "character" ? "" : " ";
  if (parts.length < size) return new Set([text]);
  return new Set(parts.slice(size - 1).map((_, i) => parts.slice(i, i + size).join(joint)));
}
function jaccard(a: Set<string>, b: Set<string>): number {
  const common = [...a].filter((piece) => b.has(piece)).length;
  return common / (a.size + b.size - common);
}

const shingles = fc.constantFrom(
  { unit: "character", size: 5 } as const,
  { unit: "character", size: 2 } as const,
  { unit: "word", size: 1 } as const,
  { unit: "word", size: 3 } as const,
);
const word = fc.string({ unit: fc.constantFrom(..."abcde"), minLength: 1, maxLength: 6 });
const sentence = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(word, { minLength, maxLength }).map((words) => words.join(" "));
/** Texts of which many are made from others by a change. */
const related = fc
  .tuple(
    fc.array(sentence(1, 25), { minLength: 1, maxLength: 12 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(), word), { maxLength: 25 }),
  )
  .map(([texts, changes]) => {
    const all = [...texts];
    for (const [which, where, replacement] of changes) {
      const words = (all[which % all.length] as string).split(" ");
      words[where % words.length] = replacement;
      all.push(words.join(" "));
    }
    return all;
  });

describe("nearDuplicateGroups", () => {
  it("groups texts that differ by case, spaces, punctuation and the form of their characters", async () => {
    const texts = [
      "The printer is on fire!",
      "I forgot my password",
      "the  printer is\non fire",
      "ＴＨＥ PRINTER — is on fire…",
      "Straße",
      "STRASSE",
      "ΟΔΟΣ",
      "οδος",
    ];
    expect(await nearDuplicateGroups(texts)).to.deep.equal([
      Uint32Array.of(0, 2, 3),
      Uint32Array.of(4, 5),
      Uint32Array.of(6, 7),
    ]);
  });

  it("groups a text with a small change and leaves other texts alone", async () => {
    const long = "we are sorry to hear that your order number has not arrived within the promised time";
    const texts = [`${long} today`, "an entirely different sentence about the weather in spring", `${long} yesterday`];
    expect(await nearDuplicateGroups(texts)).to.deep.equal([Uint32Array.of(0, 2)]);
  });

  it("keeps symbols apart, and texts of punctuation only unless they are equal", async () => {
    expect(await nearDuplicateGroups(["C", "C++", "c", "👍", "👎", "!!!", "???", "!!!", "", ""])).to.deep.equal([
      Uint32Array.of(0, 2),
      Uint32Array.of(5, 7),
      Uint32Array.of(8, 9),
    ]);
  });

  it("takes any iterable, an empty one as well", async () => {
    expect(await nearDuplicateGroups([])).to.deep.equal([]);
    expect(await nearDuplicateGroups(new Set(["a text", "A TEXT"]))).to.deep.equal([Uint32Array.of(0, 1)]);
    expect(await nearDuplicateGroups(["one"])).to.deep.equal([]);
  });

  it("finds every pair of similarity 0.95 or more", async () => {
    await fc.assert(
      fc.asyncProperty(sentence(60, 120), word, shingles, async (text, extra, shingle) => {
        const changed = `${text} ${extra}`;
        fc.pre(jaccard(pieces(text, shingle), pieces(changed, shingle)) >= 0.95);
        expect(await nearDuplicateGroups([text, "abc", changed], { shingle })).to.deep.equal([Uint32Array.of(0, 2)]);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("links no pair below the threshold, and says each link's exact similarity", async () => {
    await fc.assert(
      fc.asyncProperty(related, shingles, fc.constantFrom(0.3, 0.5, 0.8, 1), async (texts, shingle, threshold) => {
        const { links } = await findNearDuplicates("test", texts, { shingle, threshold });
        for (const { first, second, similarity } of links) {
          expect(similarity).to.equal(
            jaccard(pieces(texts[first] as string, shingle), pieces(texts[second] as string, shingle)),
          );
          expect(similarity).to.be.at.least(threshold);
        }
      }),
      { seed: 3, numRuns: 300 },
    );
  });

  it("gives disjoint groups, ascending, that are what the links join", async () => {
    await fc.assert(
      fc.asyncProperty(related, async (texts) => {
        const { links, groups } = await findNearDuplicates("test", texts, { threshold: 0.5 });
        const rows = groups.flatMap((group) => [...group]);
        expect(new Set(rows).size).to.equal(rows.length);
        for (const group of groups) {
          expect(group.length).to.be.at.least(2);
          expect([...group]).to.deep.equal([...group].sort((a, b) => a - b));
        }
        const firsts = groups.map(([first]) => first as number);
        expect(firsts).to.deep.equal([...firsts].sort((a, b) => a - b));
        const groupOf = new Map(groups.flatMap((group, g) => [...group].map((row) => [row, g] as const)));
        for (const { first, second } of links) {
          expect(groupOf.get(first)).to.equal(groupOf.get(second)).and.to.not.equal(undefined);
        }
        // As many links as it takes to join the groups, so none is superfluous and none missing.
        expect(links.length).to.equal(rows.length - groups.length);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it("gives the same result however often it lets the event loop run", async () => {
    await fc.assert(
      fc.asyncProperty(related, async (texts) => {
        const [always, never] = await Promise.all(
          [0, Infinity].map((stretch) => findNearDuplicates("test", texts, { threshold: 0.5 }, new Breather(stretch))),
        );
        expect(always).to.deep.equal(never);
      }),
      { seed: 5, numRuns: 30 },
    );
  });

  it("lets timers run while it works", async () => {
    const random = randomBelow(6);
    const texts = Array.from({ length: 4000 }, () =>
      Array.from({ length: 12 }, () => random(500).toString(36)).join(" "),
    );
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await nearDuplicateGroups(texts);
    clearInterval(timer);
    expect(turns).to.be.at.least(5);
  });

  it("handles thousands of rows that are equal, and one very long text", async function () {
    const equal = Array.from({ length: 20000 }, (_, i) => (i % 2 === 0 ? "The same text" : "the same text."));
    expect((await nearDuplicateGroups(equal)).map(({ length }) => length)).to.deep.equal([20000]);
    const random = randomBelow(7);
    const long = Array.from({ length: 200000 }, () => random(36).toString(36)).join("");
    expect(await nearDuplicateGroups([long, "short", `${long} and more`])).to.deep.equal([Uint32Array.of(0, 2)]);
  });

  it("refuses wrong arguments by their place", async () => {
    const texts = ["a", "b"];
    await rejection(nearDuplicateGroups("text"), "ERR_INVALID_ARG");
    await rejection(nearDuplicateGroups(undefined as unknown as string[]), "ERR_INVALID_ARG");
    await rejection(nearDuplicateGroups(texts, null as unknown as NearDuplicateOptions), "ERR_INVALID_ARG");
    for (const threshold of [0, -1, 1.1, NaN, "0.8", null]) {
      const { message } = await rejection(
        nearDuplicateGroups(texts, { threshold } as NearDuplicateOptions),
        "ERR_INVALID_ARG",
      );
      expect(message).to.include("threshold");
    }
    for (const shingle of [
      null,
      5,
      {},
      { unit: "line", size: 1 },
      { unit: "word", size: 0 },
      { unit: "word", size: 1.5 },
      { unit: "word" },
    ]) {
      const { message } = await rejection(
        nearDuplicateGroups(texts, { shingle } as NearDuplicateOptions),
        "ERR_INVALID_ARG",
      );
      expect(message).to.include("shingle");
    }
    const { message } = await rejection(nearDuplicateGroups(["a", 5 as unknown as string]), "ERR_INVALID_ARG");
    expect(message).to.equal("nearDuplicateGroups: expected a text, got 5 (row 1)");
  });
});

describe("banding", () => {
  it("finds a pair at the threshold with a probability of 0.99, by the widest bands that do", () => {
    for (const threshold of [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1]) {
      const banding = bandingFor(threshold);
      expect(banding.bands * banding.rows).to.be.at.most(128);
      expect(shareBand(threshold, banding)).to.be.at.least(0.99);
      const wider = { bands: Math.floor(128 / (banding.rows + 1)), rows: banding.rows + 1 };
      if (wider.rows <= 128) expect(shareBand(threshold, wider)).to.be.below(0.99);
    }
    expect(bandingFor(0.8)).to.deep.equal({ bands: 21, rows: 6 });
    expect(1 - shareBand(0.9, bandingFor(0.8))).to.be.within(1e-8, 1e-6);
  });

  it("lets pairs of a similarity share a band as often as the formula says", () => {
    const banding = { bands: 8, rows: 4 };
    const random = randomBelow(8);
    const pairs = 3000;
    for (const [common, own] of [
      [50, 25],
      [70, 15],
      [30, 35],
    ] as const) {
      let shared = 0;
      for (let pair = 0; pair < pairs; pair++) {
        const both = Array.from({ length: common }, () => random(2 ** 32));
        const keys = [0, 1].map(() => {
          const hasher = new MinHasher(banding);
          const hashes = Uint32Array.from([...both, ...Array.from({ length: own }, () => random(2 ** 32))]);
          hasher.begin();
          hasher.add(hashes, 0, 10);
          hasher.add(hashes, 10, hashes.length);
          const bands = new Uint32Array(banding.bands);
          hasher.bands(bands, 0);
          return bands;
        });
        if (keys[0]?.some((key, band) => key === keys[1]?.[band])) shared++;
      }
      const expected = shareBand(common / (common + 2 * own), banding);
      // Four standard deviations of a share among so many pairs.
      expect(shared / pairs).to.be.closeTo(expected, 4 * Math.sqrt((expected * (1 - expected)) / pairs) + 0.01);
    }
  });
});
