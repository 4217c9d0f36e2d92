/**
 * How a value reads in `console.log`, at Node's prompt and as the last line of a notebook's cell: whole where it stands
 * alone, short inside another value.
 */

/** What `util.inspect` calls. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** What `util.inspect` tells. */
export interface InspectOptionsGiven {
  readonly depth?: number | null;
  readonly colors?: boolean;
}

export interface Reading {
  /** In lines of at most 80 columns. */
  readonly whole: (options: InspectOptionsGiven) => string;
  /** One line. */
  readonly short: () => string;
}

/** The text that fits where `util.inspect` is. */
export function readingAt({ whole, short }: Reading, depth?: number | null, options: InspectOptionsGiven = {}): string {
  // At the outermost level nothing of the depth is used up.
  const nested = typeof depth === "number" && typeof options.depth === "number" && depth < options.depth;
  return nested ? short() : whole(options);
}

/** Plain data with a reading, which copies of it do not have; to everything else the data is as it was. */
export function printsAs<T extends object>(data: T, reading: (data: T) => Reading): T {
  const inspect = function (this: T, depth?: number | null, options?: InspectOptionsGiven): string {
    return readingAt(reading(this), depth, options);
  };
  return Object.defineProperty(data, INSPECT, {
    value: inspect,
    configurable: true,
    writable: true,
    enumerable: false,
  });
}
