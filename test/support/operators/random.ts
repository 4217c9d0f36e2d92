/** A small generator of numbers for inputs: the same on every machine, and none of libtorch's. */

/** Integers from 0 to 2^32 - 1 (mulberry32, by Tommy Ettinger, public domain), started by a text. */
export class Random {
  #state: number;

  constructor(seed: string) {
    // FNV-1a, so that each case has numbers of its own, whatever stands before it in the table.
    let hash = 0x811c9dc5;
    for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193);
    this.#state = hash;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  /** `count` elements of the list in random order; none twice before all came once. */
  draw(list: readonly number[], count: number): number[] {
    const drawn: number[] = [];
    while (drawn.length < count) {
      const rest = [...list];
      while (rest.length > 0 && drawn.length < count) drawn.push(...rest.splice(this.below(rest.length), 1));
    }
    return drawn;
  }
}
