/** Files for the tests of sources, and how to read a source whole. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { RowSource, SourceRow } from "../../../lib/data/sources/source-row";

/** A folder that is there while the tests of a `describe` run. */
export class Scratch {
  root = "";
  #made = 0;

  constructor() {
    before(async () => {
      this.root = await mkdtemp(path.join(tmpdir(), "sources-"));
    });
    after(() => rm(this.root, { recursive: true }));
  }

  async file(content: string | Uint8Array, name = `${this.#made++}.txt`): Promise<string> {
    const file = path.join(this.root, name);
    await writeFile(file, content);
    return file;
  }
}

/** All rows without their places. */
export async function rowsOf<Row>(source: RowSource<Row>): Promise<Row[]> {
  return (await itemsOf(source)).map(({ row }) => row);
}

export async function itemsOf<Row>(source: RowSource<Row>): Promise<SourceRow<Row>[]> {
  const items: SourceRow<Row>[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** The bytes cut at the given lengths, in turn, for as long as they last. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array, void, void> {
  for (let start = 0, i = 0; start < bytes.length; i++) {
    const length = lengths[i % lengths.length] as number;
    yield bytes.slice(start, start + length);
    start += length;
  }
}
