/**
 * `npm run check:tokenizers [-- --only name …] [--model folder]`: ids of ours and of Python's tokenizers side by side,
 * on every definition of WordNet's with its examples and on every e-mail of SpamAssassin's, headers and all.
 *
 * With the tokenizers of `test/golden` (BERT and fifteen relatives) and MiniLM's. Both sides start from one folder.
 * Ends with code 1 where a text differs, and shows the first. Takes a quarter of an hour; one tokenizer about a minute.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { AutoTokenizer } from "../../lib/index";
import { readEmails } from "../demo/emails";
import { pretrainedMiniLM } from "../demo/minilm";
import { readGlosses } from "../demo/wordnet";
import { referencePython, runReference } from "../python-env";

const GOLDEN = join(__dirname, "..", "..", "test", "golden");
const EVERYTHING = 10_000_000; // tokens of the longest text

/** What `tokenizers_peer.py` leaves: lengths and ids, one after another, as 32-bit integers. */
async function readIds(file: string): Promise<Int32Array[]> {
  const bytes = await readFile(file);
  const numbers = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const texts: Int32Array[] = [];
  for (let at = 0; at < numbers.length; at += 1 + (numbers[at] as number)) {
    texts.push(numbers.subarray(at + 1, at + 1 + (numbers[at] as number)));
  }
  return texts;
}

/** Compares one tokenizer; resolves with whether all texts have the same ids. */
async function compare(python: string, folder: string, texts: readonly string[], work: string): Promise<boolean> {
  const name = basename(folder);
  const { version } = (await runReference(python, join("checks", "tokenizers_peer.py"), [
    folder,
    join(work, "texts.json"),
    join(work, "ids"),
  ])) as { version: string };
  const expected = await readIds(join(work, "ids"));
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const encodings = await tokenizer.encodeBatch(texts, { maxLength: EVERYTHING });
  const different = texts.flatMap((_, i) => (encodings[i]?.ids.join() === expected[i]?.join() ? [] : [i]));
  const tokens = encodings.reduce((sum, { ids }) => sum + ids.length, 0);
  process.stdout.write(
    `${name}: ${texts.length} texts, ${tokens} tokens, ${different.length} texts differ from tokenizers ${version}\n`,
  );
  const [first] = different;
  if (first === undefined) return true;
  process.stdout.write(`  the first is ${JSON.stringify(texts[first]?.slice(0, 300))}\n`);
  return false;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string", multiple: true }, model: { type: "string" } } });
  const relatives = (await readdir(join(GOLDEN, "tokenizers"))).map((name) => join(GOLDEN, "tokenizers", name));
  const all =
    values.model === undefined ? [await pretrainedMiniLM(), join(GOLDEN, "tokenizer"), ...relatives] : [values.model];
  const folders = all.filter((folder) => values.only?.includes(basename(folder)) ?? true);
  if (folders.length === 0) {
    throw new Error(`--only: expected names among ${all.map((folder) => basename(folder)).join(", ")}`);
  }
  const texts = [...(await readGlosses()), ...(await readEmails()).map(({ text }) => text)];
  const python = await referencePython();
  const work = await mkdtemp(join(tmpdir(), "tokenizers-"));
  try {
    await writeFile(join(work, "texts.json"), JSON.stringify(texts));
    for (const folder of folders) {
      if (!(await compare(python, folder, texts, work))) process.exitCode = 1;
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
