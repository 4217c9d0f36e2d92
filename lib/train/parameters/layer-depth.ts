/** How far from the input a parameter is, by the names that Hugging Face's encoders have. */

/** A layer's number in a path: `encoder.layer.3.`, `layers.3.`, `blocks.3.`, `h.3.`. */
const NUMBERED = /(?:^|\.)(?:layers?|blocks?|h)\.(\d+)\./;
const EMBEDDINGS = /(?:^|\.)(?:embeddings?|wte|wpe)\./;

/** 0 for embeddings, 1 for the first layer, …; one more than the last layer for what comes behind: pooler and head. */
export function layerDepths(names: readonly string[]): ReadonlyMap<string, number> {
  const numbers = names.map((name) => NUMBERED.exec(name)?.[1]);
  const head = 2 + Math.max(-1, ...numbers.map((number) => (number === undefined ? -1 : Number(number))));
  return new Map(
    names.map((name, i) => {
      const number = numbers[i];
      if (number !== undefined) return [name, Number(number) + 1];
      return [name, EMBEDDINGS.test(name) ? 0 : head];
    }),
  );
}
