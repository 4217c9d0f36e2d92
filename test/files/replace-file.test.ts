/** A file that is replaced is whole or as it was. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { TorchwrightError } from "../../lib/errors";
import { replaceFile } from "../../lib/files/replace-file";
import { rejection } from "../support/rejection";
import { inFolder } from "../support/tiny-bert";

describe("replaceFile", () => {
  it("puts what was written in the file's place, and shows the old one until then", () =>
    inFolder(async (folder) => {
      const file = join(folder, "text");
      await writeFile(file, "old");
      await replaceFile(file, async (beside) => {
        await writeFile(beside, "new");
        expect(await readFile(file, "utf8")).to.equal("old");
      });
      expect(await readFile(file, "utf8")).to.equal("new");
      expect(await readdir(folder)).to.deep.equal(["text"]);
    }));

  it("leaves the old one and nothing beside it where writing or the exchange fails, and names the file itself", () =>
    inFolder(async (folder) => {
      const file = join(folder, "text");
      await writeFile(file, "old");
      const failing = async (beside: string): Promise<void> => {
        await writeFile(beside, "half");
        throw new TorchwrightError("ERR_FILE_WRITE", `could not write ${beside}`);
      };
      const { message } = await rejection(replaceFile(file, failing), "ERR_FILE_WRITE");
      expect(message).to.equal(`could not write ${file}`);
      await mkdir(join(folder, "taken"));
      const error = await replaceFile(join(folder, "taken"), (beside) => writeFile(beside, "new")).catch(
        (caught: unknown) => caught,
      );
      expect(error).to.have.property("code", "EISDIR");
      expect(await readFile(file, "utf8")).to.equal("old");
      expect((await readdir(folder)).sort()).to.deep.equal(["taken", "text"]);
    }));
});
