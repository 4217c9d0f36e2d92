/** Saves that a SIGKILL ended: the states that they leave, made by hand, and what becomes of them. */
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readConfig } from "../../lib/models/bert-config";
import { writeFolder } from "../../lib/models/save-folder";
import { AutoTokenizer } from "../../lib/text/auto-tokenizer";
import { rejection } from "../support/rejection";
import { inFolder, writeTokenizer } from "../support/tiny-bert";

/** The number of a process that has ended. */
const DEAD = spawnSync(process.execPath, ["-e", ""]).pid;

const write =
  (text: string) =>
  async (folder: string): Promise<void> => {
    await writeFile(join(folder, "config.json"), JSON.stringify({ text }));
  };
const textOf = async (folder: string): Promise<unknown> =>
  (JSON.parse(await readFile(join(folder, "config.json"), "utf8")) as { text: unknown }).text;

async function folderWith(folder: string, text: string): Promise<void> {
  await mkdir(folder);
  await write(text)(folder);
}

describe("a save that was killed", () => {
  for (const open of ["a model", "a tokenizer", "the next save"] as const) {
    it(`between its two renames is finished by ${open}, with the new folder`, () =>
      inFolder(async (root) => {
        const target = join(root, "model");
        await folderWith(join(root, `.model.${DEAD}-0123abcd.old`), "old");
        await folderWith(join(root, `.model.${DEAD}-0123abcd.saving`), "new");
        await writeTokenizer(join(root, `.model.${DEAD}-0123abcd.saving`));
        if (open === "a model") expect(await readConfig(target)).to.deep.equal({ text: "new" });
        else if (open === "a tokenizer") await AutoTokenizer.fromPretrained(target);
        // It fails, and what was there before must be there after.
        else {
          await rejection(
            writeFolder(target, () => Promise.reject(new Error("no space left"))),
            "ERR_FILE_WRITE",
          );
        }
        expect(await textOf(target)).to.equal("new");
        expect(await readdir(root)).to.deep.equal(["model"]);
      }));
  }

  it("while it put a failed exchange back leaves the old folder, which is put back", () =>
    inFolder(async (root) => {
      await folderWith(join(root, `.model.${DEAD}-0123abcd.old`), "old");
      expect(await readConfig(join(root, "model"))).to.deep.equal({ text: "old" });
      expect(await readdir(root)).to.deep.equal(["model"]);
    }));

  it("while it wrote, or before it removed the old folder, is cleared away by the next save", () =>
    inFolder(async (root) => {
      const target = join(root, "model");
      await folderWith(target, "whole");
      await folderWith(join(root, `.model.${DEAD}-0123abcd.saving`), "half");
      await folderWith(join(root, `.model.${DEAD}-4567abcd.old`), "older");
      await folderWith(join(root, `.model2.${DEAD}-4567abcd.old`), "another model's");
      expect(await readConfig(target)).to.deep.equal({ text: "whole" });
      await writeFolder(target, write("next"));
      expect(await textOf(target)).to.equal("next");
      expect((await readdir(root)).sort()).to.deep.equal([`.model2.${DEAD}-4567abcd.old`, "model"]);
    }));

  it("is told from one in progress: a process that runs keeps its folders, unless they are a day old", () =>
    inFolder(async (root) => {
      const target = join(root, "model");
      const running = join(root, `.model.${process.pid}-0123abcd`);
      await folderWith(`${running}.saving`, "half");
      await writeFolder(target, write("first"));
      expect((await readdir(root)).sort()).to.deep.equal([`.model.${process.pid}-0123abcd.saving`, "model"]);
      // In the middle of its exchange.
      await rename(target, `${running}.old`);
      await rejection(readConfig(target), "ERR_FILE_NOT_FOUND");
      await rename(`${running}.old`, target);
      const yesterday = Date.now() / 1000 - 25 * 3600;
      await utimes(`${running}.saving`, yesterday, yesterday);
      await writeFolder(target, write("second"));
      expect(await readdir(root)).to.deep.equal(["model"]);
    }));
});
