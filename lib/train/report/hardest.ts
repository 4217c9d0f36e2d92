/** Keeps the examples with the highest loss of those that pass. */

/** An example's loss and its row. */
export interface Rated {
  readonly row: number;
  readonly loss: number;
}

/** The highest losses in order, of equal ones the lower row first; in memory that does not grow with what passes. */
export class Hardest<Item extends Rated> {
  readonly #items: Item[] = [];

  /** @param size how many are kept */
  constructor(private readonly size: number) {}

  /**
   * Whether an example would be kept, so that no other needs to be made. A loss that is not a number is the highest.
   */
  takes({ row, loss }: Rated): boolean {
    if (this.#items.length < this.size) return true;
    const last = this.#items.at(-1);
    return last !== undefined && before({ row, loss }, last);
  }

  add(item: Item): void {
    if (!this.takes(item)) return;
    let at = this.#items.length;
    while (at > 0 && before(item, this.#items[at - 1] as Item)) at--;
    this.#items.splice(at, 0, item);
    if (this.#items.length > this.size) this.#items.pop();
  }

  /** The highest loss first. */
  get items(): readonly Item[] {
    return this.#items;
  }
}

function before(a: Rated, b: Rated): boolean {
  const [first, second] = [a, b].map(({ loss }) => (Number.isNaN(loss) ? Infinity : loss)) as [number, number];
  return first > second || (first === second && a.row < b.row);
}
