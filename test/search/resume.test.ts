import { appendFile, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import * as hp from "../../lib/search/hp";
import type { SearchOptions } from "../../lib/search/options";
import { search } from "../../lib/search/search";
import type { SearchResult } from "../../lib/search/search-result";
import type { SearchSpace, SpaceValues } from "../../lib/search/space";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

const SPACE = { x: hp.logUniform(1e-5, 1), kind: hp.choice(["a", "b", null]) };
type Options = SearchOptions<SpaceValues<typeof SPACE>>;
type Variant = Partial<Record<keyof Options, unknown>>;
const RANDOM = { trials: 6, seed: 1, direction: "minimize", progress: "silent" } as const;
const HALVING = { ...RANDOM, strategy: "halving", maxBudget: 9, trials: 9 } as const;

/** A search in a folder whose objective ends it after so many calls; with the calls that were made. */
async function part(folder: string, options: Variant, calls = Infinity) {
  const made: string[] = [];
  const controller = new AbortController();
  const result = await search(
    SPACE,
    ({ trial, values, budget }) => {
      if (made.length >= calls) controller.abort();
      else made.push(`${trial}@${budget}`);
      if (trial === 4) throw new RangeError("four");
      return {
        score: values.x / (budget === Infinity ? 1 : budget),
        metrics: { kind: values.kind === null ? NaN : trial },
      };
    },
    { ...options, folder, signal: controller.signal } as Options,
  );
  return { result, made };
}

/** All of a result but what a clock says. */
const outcome = ({ trials, best, stoppedBy, rungs }: SearchResult<typeof SPACE>) => ({
  best: best.trial,
  stoppedBy,
  rungs,
  trials: trials.map(({ seconds: _all, folder: _folder, rungs: results, ...trial }) => ({
    ...trial,
    rungs: results.map(({ seconds: _one, ...rung }) => rung),
  })),
});

const linesOf = async (folder: string): Promise<string[]> =>
  (await readFile(join(folder, "trials.jsonl"), "utf8")).split("\n");

describe("a search in a folder", () => {
  for (const [name, options] of Object.entries({ random: RANDOM, halving: HALVING })) {
    it(`goes on after every break to the result of an unbroken one: ${name}`, async () => {
      await inFolder(async (root) => {
        const unbroken = await part(join(root, "unbroken"), options);
        for (let calls = 0; calls < unbroken.made.length; calls++) {
          const folder = join(root, `${calls}`);
          const first = await part(folder, options, calls);
          expect(first.result.stoppedBy).to.equal("abort");
          const second = await part(folder, options);
          expect([...first.made, ...second.made], "each once").to.deep.equal(unbroken.made);
          expect(outcome(second.result)).to.deep.equal(outcome(unbroken.result));
        }
      });
    });
  }

  it("that is at its end gives the same result without a call", async () => {
    await inFolder(async (folder) => {
      const first = await part(folder, HALVING);
      const again = await part(folder, HALVING);
      expect(again.made).to.deep.equal([]);
      expect(again.result.trials).to.deep.equal(first.result.trials);
      expect(again.result.seconds).to.equal(first.result.seconds);
    });
  });

  it("writes a header and a line for each result, and gives each trial a folder that it does not make", async () => {
    await inFolder(async (root) => {
      const folder = join(root, "deep/er");
      const { result } = await part(folder, RANDOM);
      const [header, ...lines] = await linesOf(folder);
      expect(JSON.parse(header as string)).to.deep.equal({
        format: "torchwright-search",
        version: 1,
        settings: {
          strategy: "random",
          direction: "minimize",
          seed: 1,
          budget: null,
          space: { kind: { kind: "choice", options: ["a", "b", null] }, x: { kind: "logUniform", low: 1e-5, high: 1 } },
        },
      });
      expect(lines.pop()).to.equal("");
      const entries = lines.map((line) => JSON.parse(line) as { trial: number; score?: number; error?: unknown });
      expect(entries.map(({ trial, score, error }) => ({ trial, score, error }))).to.deep.equal(
        result.trials.map(({ trial, score, error }) => ({ trial, score, error })),
      );
      expect(result.trials[4]).to.deep.include({ error: { message: "four" }, folder: join(folder, "trial-4") });
      expect(await readdir(folder)).to.deep.equal(["trials.jsonl"]);
    });
  });

  it("has each result on disk before the next trial begins", async () => {
    await inFolder(async (folder) => {
      const seen: number[] = [];
      await search(
        SPACE,
        async () => {
          seen.push((await linesOf(folder)).length - 1);
          return 1;
        },
        { ...RANDOM, folder },
      );
      expect(seen).to.deep.equal([1, 2, 3, 4, 5, 6]);
    });
  });

  it("drops a torn last line, wherever it was torn, and repeats its trial", async () => {
    await inFolder(async (root) => {
      const unbroken = await part(join(root, "unbroken"), RANDOM);
      const whole = await readFile(join(root, "unbroken", "trials.jsonl"));
      const header = whole.indexOf("\n") + 1;
      for (const length of [0, 1, header - 1, header, header + 1, whole.length - 20, whole.length - 1]) {
        const folder = join(root, `${length}`);
        await mkdir(folder);
        await writeFile(join(folder, "trials.jsonl"), whole);
        await truncate(join(folder, "trials.jsonl"), length);
        const { result, made } = await part(folder, RANDOM);
        expect(outcome(result)).to.deep.equal(outcome(unbroken.result));
        expect(made).to.deep.equal(
          unbroken.made.slice(Math.max(0, whole.toString("utf8", 0, length).split("\n").length - 2)),
        );
        expect(await linesOf(folder)).to.have.length(8);
      }
      // A line of blocks that never reached the disk.
      await writeFile(
        join(root, "unbroken", "trials.jsonl"),
        Buffer.concat([
          whole.subarray(0, whole.lastIndexOf("\n", whole.length - 2) + 1),
          Buffer.alloc(64),
          Buffer.from("\n"),
        ]),
      );
      const { result, made } = await part(join(root, "unbroken"), RANDOM);
      expect(made).to.have.length(1);
      expect(outcome(result)).to.deep.equal(outcome(unbroken.result));
    });
  });

  it("goes on with more trials, if it is a random one", async () => {
    await inFolder(async (folder) => {
      await part(folder, RANDOM);
      const more = await part(folder, { ...RANDOM, trials: 8 });
      expect(more.made).to.deep.equal(["6@Infinity", "7@Infinity"]);
      await inFolder(async (other) => {
        expect(outcome((await part(other, { ...RANDOM, trials: 8 })).result)).to.deep.equal(outcome(more.result));
      });
    });
  });

  it("keeps values as the file has them, as another machine's logarithms may differ", async () => {
    await inFolder(async (folder) => {
      await part(folder, RANDOM, 2);
      const lines = await linesOf(folder);
      lines[1] = (lines[1] as string).replace(/"x":[^,}]+/, '"x":0.5');
      await writeFile(join(folder, "trials.jsonl"), lines.join("\n"));
      expect((await part(folder, RANDOM)).result.trials[0]?.values.x).to.equal(0.5);
    });
  });

  it("refuses settings of another search, and says which differ", async () => {
    await inFolder(async (folder) => {
      await part(folder, HALVING);
      const before = await linesOf(folder);
      const others: [Variant, string][] = [
        [{ ...HALVING, seed: 2 }, "another seed: 2 instead of 1"],
        [{ ...HALVING, direction: "maximize" }, 'another direction: "maximize" instead of "minimize"'],
        [{ ...HALVING, trials: 27 }, "another rungs"],
        [RANDOM, "another strategy"],
      ];
      for (const [options, message] of others) {
        expect((await rejection(part(folder, options), "ERR_INVALID_ARG")).message).to.contain(message);
      }
      const space = { ...SPACE, x: hp.logUniform(1e-5, 2) } as SearchSpace;
      expect(
        (
          await rejection(
            search(space, () => 1, { ...HALVING, folder }),
            "ERR_INVALID_ARG",
          )
        ).message,
      ).to.contain("another space");
      expect(await linesOf(folder)).to.deep.equal(before);
    });
  });

  it("refuses a file that is none of its own, and one that is damaged before its end, and leaves it as it is", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "trials.jsonl");
      for (const text of [
        "my notes",
        "my notes\n",
        '{"format":"other"}\n',
        "null\n1\n",
        '{"format":"torchwright-search","version":2,"settings":{}}\n',
      ]) {
        await writeFile(file, text);
        await rejection(part(folder, RANDOM), "ERR_INVALID_ARG");
        expect(await readFile(file, "utf8")).to.equal(text);
      }
      await writeFile(file, "");
      await part(folder, RANDOM);
      const lines = await linesOf(folder);
      for (const bad of ["", "{", '{"trial":1}', (lines[2] as string).replace(/"score":[^,]+/, '"score":"high"')]) {
        await writeFile(file, lines.with(2, bad).join("\n"));
        expect((await rejection(part(folder, RANDOM), "ERR_BAD_ROW")).message).to.contain(`${file}, line 3`);
      }
    });
  });

  it("refuses trials whose results are gone, as they would go on from another search's checkpoints", async () => {
    await inFolder(async (folder) => {
      await mkdir(join(folder, "trial-3"));
      expect((await rejection(part(folder, RANDOM), "ERR_INVALID_ARG")).message).to.contain("without trial-3");
      expect(await readdir(folder)).to.deep.equal(["trial-3"]);
    });
  });

  it("notices that another process writes the same file", async () => {
    await inFolder(async (folder) => {
      const error = await rejection(
        search(
          SPACE,
          async () => {
            await appendFile(join(folder, "trials.jsonl"), "{}\n");
            return 1;
          },
          { ...RANDOM, folder },
        ),
        "ERR_FILE_WRITE",
      );
      expect(error.message).to.contain("one at a time");
    });
  });

  it("that cannot be written is an error with a code", async () => {
    await inFolder(async (root) => {
      await writeFile(join(root, "file"), "");
      await rejection(part(join(root, "file"), RANDOM), "ERR_FILE_WRITE");
      await mkdir(join(root, "folder/trials.jsonl"), { recursive: true });
      await rejection(part(join(root, "folder"), RANDOM), "ERR_FILE_READ");
    });
  });

  it("keeps the checkpoints of those that may still be the best, or of all, and everything else", async () => {
    const keptOf = async (options: Variant): Promise<string[]> =>
      inFolder(async (folder) => {
        const left: string[] = [];
        const controller = new AbortController();
        const run = (stopAt: number) =>
          search(
            SPACE,
            async ({ trial, folder: own = "", budget }) => {
              if (trial === stopAt) controller.abort();
              await mkdir(join(own, `checkpoint-${Math.min(budget, 9)}`), { recursive: true });
              await writeFile(join(own, "log.jsonl"), "");
              if (trial === 0) throw new Error("failed");
              return trial;
            },
            {
              ...options,
              folder,
              ...(stopAt > 0 && { signal: controller.signal }),
              callbacks: [
                async () => {
                  for (const name of (await readdir(folder)).filter((one) => one.startsWith("trial-"))) {
                    expect(await readdir(join(folder, name))).to.include("log.jsonl");
                  }
                },
              ],
            } as Options,
          );
        await run(3); // the trial's checkpoint is there when it is repeated
        await run(-1);
        for (let trial = 0; trial < 9; trial++) {
          if ((await readdir(join(folder, `trial-${trial}`))).some((name) => name.startsWith("checkpoint-"))) {
            left.push(`${trial}`);
          }
        }
        return left;
      });
    expect(await keptOf({ ...RANDOM, trials: 9 })).to.deep.equal(["1"]);
    expect(await keptOf({ ...HALVING, direction: "maximize" })).to.deep.equal(["8"]);
    expect(await keptOf({ ...HALVING, keepCheckpoints: "all" })).to.have.length(9);
  });
});
