import { expect } from "chai";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { folderSource } from "../../../lib/data/sources/folder-source";
import { rejection, thrown } from "../../support/rejection";
import { itemsOf, rowsOf, Scratch } from "./scratch";

describe("Sources of folders", () => {
  const scratch = new Scratch();
  let folder: string;
  beforeEach(async () => {
    folder = path.join(scratch.root, "tickets");
    await mkdir(path.join(folder, "wish"), { recursive: true });
    await mkdir(path.join(folder, "bug"));
    await scratch.file("please\nadd\n", "tickets/wish/1.txt");
    await scratch.file("it broke é", "tickets/bug/2.txt");
    await scratch.file(gzipSync("packed"), "tickets/bug/10.txt");
    await scratch.file("no text", "tickets/bug/readme.md");
    await scratch.file("no class", "tickets/list.txt");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("give a row for each text file: its content, and the folder's name as its label", async () => {
    const source = folderSource("read", folder);
    expect(source.restartable).to.equal(true);
    expect(await itemsOf(source)).to.deep.equal([
      { row: { text: "packed", label: "bug" }, place: { file: path.join(folder, "bug/10.txt"), line: 1, row: 0 } },
      { row: { text: "it broke é", label: "bug" }, place: { file: path.join(folder, "bug/2.txt"), line: 1, row: 0 } },
      {
        row: { text: "please\nadd\n", label: "wish" },
        place: { file: path.join(folder, "wish/1.txt"), line: 1, row: 0 },
      },
    ]);
    expect(await rowsOf(folderSource("read", folder, { columns: ["text"] }))).to.deep.equal([
      { text: "packed" },
      { text: "it broke é" },
      { text: "please\nadd\n" },
    ]);
  });

  it("read the files of a pattern", async () => {
    await scratch.file("more", "tickets/wish/x.md");
    expect(await rowsOf(folderSource("read", folder, { pattern: "*.md" }))).to.deep.equal([
      { text: "no text", label: "bug" },
      { text: "more", label: "wish" },
    ]);
    const error = await rejection(rowsOf(folderSource("read", folder, { pattern: "*.rst" })), "ERR_FILE_NOT_FOUND");
    expect(error.message).to.include(path.join(folder, "bug"));
  });

  it("name the file that is no text, and can skip it", async () => {
    const file = await scratch.file(Buffer.from("one\ntw\xf6\n", "latin1"), "tickets/bug/3.txt");
    const error = await rejection(rowsOf(folderSource("read", folder)), "ERR_BAD_ROW");
    expect(error.message).to.include(`column 3 in ${file}, line 2`);
    const source = folderSource("read", folder, { onBadRow: "skip" });
    expect(await rowsOf(source)).to.have.length(3);
    expect(source.skipped).to.equal(1);
    expect(await rowsOf(folderSource("read", folder, { encoding: "latin1" }))).to.deep.include({
      text: "one\ntwö\n",
      label: "bug",
    });
    await rejection(rowsOf(folderSource("read", folder, { maxRowBytes: 8 })), "ERR_BAD_ROW");
    await scratch.file(Buffer.from("\uFEFFx", "utf16le"), "tickets/bug/3.txt");
    expect(await rowsOf(source)).to.have.length(3);
  });

  it("must be folders with a folder for each class", async () => {
    await rejection(rowsOf(folderSource("read", path.join(folder, "bug"))), "ERR_FILE_NOT_FOUND");
    await rejection(rowsOf(folderSource("read", path.join(folder, "nowhere"))), "ERR_FILE_NOT_FOUND");
    await rejection(rowsOf(folderSource("read", path.join(folder, "list.txt"))), "ERR_FILE_NOT_FOUND");
    await mkdir(path.join(folder, "empty"));
    await rejection(rowsOf(folderSource("read", folder)), "ERR_FILE_NOT_FOUND");
    thrown(() => folderSource("read", 7 as never), "ERR_INVALID_ARG");
    thrown(() => folderSource("read", folder, { pattern: "" }), "ERR_INVALID_ARG");
    thrown(() => folderSource("read", folder, { columns: ["body"] }), "ERR_COLUMN_MISSING");
  });
});
