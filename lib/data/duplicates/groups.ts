/** Rows that hang together by links, each group by its first row. */

/** Disjoint groups that links join (union-find, with the least row as the root and paths halved). */
export class Groups {
  readonly #parent: Uint32Array;

  constructor(rows: number) {
    this.#parent = Uint32Array.from({ length: rows }, (_, row) => row);
  }

  /** The least row of a row's group. */
  first(row: number): number {
    const parent = this.#parent;
    while (parent[row] !== row) row = parent[row] = parent[parent[row] as number] as number;
    return row;
  }

  /** Makes one group of two rows' groups. */
  join(a: number, b: number): void {
    const one = this.first(a);
    const other = this.first(b);
    this.#parent[Math.max(one, other)] = Math.min(one, other);
  }

  /** Every group of two rows or more: rows ascending, groups by their first row. */
  list(): Uint32Array[] {
    const members = new Map<number, number[]>();
    this.#parent.forEach((_, row) => {
      const first = this.first(row);
      if (first === row) return;
      const group = members.get(first);
      if (group) group.push(row);
      else members.set(first, [first, row]);
    });
    return [...members].sort(([a], [b]) => a - b).map(([, rows]) => Uint32Array.from(rows));
  }
}
