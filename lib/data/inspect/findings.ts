/** Rows that are no use as they are: empty ones, and those whose text was damaged. */
import type { TextInput } from "../../text/tokenizer";
import type { Breather } from "../duplicates/breather";
import { DAMAGE_KINDS, damageIn, isBlank } from "./damage";
import type { Rows } from "./inspectable";
import type { DamageKind, Finding, RowExample } from "./report";

/** Looks at every row; up to `examples` of each kind are shown. */
export async function findings(
  rows: Rows,
  examples: number,
  breather: Breather,
): Promise<{ readonly empty: Finding; readonly damage: readonly (Finding & { readonly kind: DamageKind })[] }> {
  const empty = new Collected(rows, examples);
  const damage = new Map(DAMAGE_KINDS.map((kind) => [kind, new Collected(rows, examples)]));
  for (const [row, text] of rows.texts.entries()) {
    if (parts(text).some(isBlank)) empty.add(row, 0);
    for (const { kind, at } of damageIn(rows.joined(row))) damage.get(kind)?.add(row, at);
    if (breather.due) await breather.pause();
  }
  return {
    empty: empty.finding(),
    damage: [...damage].map(([kind, found]) => ({ kind, ...found.finding() })).filter((found) => found.rows > 0),
  };
}

function parts(text: TextInput): readonly string[] {
  return typeof text === "string" ? [text] : text;
}

/** Counts rows and keeps the first of them. */
class Collected {
  readonly #examples: RowExample[] = [];
  #rows = 0;

  constructor(
    private readonly all: Rows,
    private readonly limit: number,
  ) {}

  add(row: number, at: number): void {
    this.#rows++;
    if (this.#examples.length < this.limit) this.#examples.push(this.all.example(row, at));
  }

  finding(): Finding {
    return { rows: this.#rows, examples: this.#examples };
  }
}
