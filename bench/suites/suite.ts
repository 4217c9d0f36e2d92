/** What every suite is given and gives back. */
import { join } from "node:path";
import type { Command, Pair } from "../duel";
import type { Materials } from "../materials";
import type { Item } from "../report";

export interface Context {
  /** Made at first need: the model and the demo's batches. */
  readonly materials: () => Promise<Materials>;
  readonly python: string;
  /** Folder of our side's compiled scripts. */
  readonly ours: string;
  readonly threads: number;
  readonly quick: boolean;
}

export interface SuiteResult {
  readonly items: readonly Item[];
  readonly versions: Readonly<Record<string, string>>;
}

export type Suite = (context: Context) => Promise<SuiteResult>;

/** The two commands of one name: `ours/<name>.js` and `peers/<name>.py` with the same arguments. */
export function commands({ ours, python }: Context, name: string, args: readonly string[]): Pair<Command> {
  return {
    ours: { program: process.execPath, args: [join(ours, `${name}.js`), ...args] },
    peer: { program: python, args: [join(__dirname, "..", "peers", `${name}.py`), ...args] },
  };
}

export const megabytes = (bytes: number): number[] => [bytes / 1e6];
