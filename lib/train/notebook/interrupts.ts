/**
 * Who gets Ctrl-C while a run goes on. In a script the run, beside whoever else listens. In a notebook or at Node's
 * prompt the run in place of the host, which would give up waiting for the cell and leave the run going behind its
 * back.
 */
import type { EventEmitter } from "node:events";
import { findNotebook } from "./kernel";

type Listener = () => void;

/** What Ctrl-C reaches, where that has a host whose answer is put off. */
export interface Host {
  readonly emitters: readonly EventEmitter[];
}

/** A notebook's kernel gets signals; Node's prompt reads the key itself, and signals come from elsewhere. */
export function findHost(globals: object = globalThis): Host | undefined {
  if (findNotebook(globals)) return { emitters: [process] };
  // Without a program it is Node's prompt, whose own module then has it.
  if (process.argv[1] !== undefined) return undefined;
  const { repl: prompt } = process.getBuiltinModule("node:repl") as { readonly repl?: EventEmitter };
  return prompt && { emitters: [process, prompt] };
}

/** Several runs may go on at a time, one inside another or not; all of them are told. */
export class Interrupts {
  readonly #host: () => Host | undefined;
  readonly #runs = new Set<Listener>();
  /** The host's own listeners, while they are put off. */
  #putOff: readonly (readonly [EventEmitter, Listener | undefined])[] = [];
  readonly #deliver = (): void => {
    const runs = [...this.#runs];
    this.#runs.clear();
    this.#giveBack(); // a second interrupt is the host's
    for (const run of runs) run();
  };

  constructor(host: () => Host | undefined = findHost) {
    this.#host = host;
  }

  /**
   * Calls `run` at the first interrupt; the second one finds who would have had the first. Disposed of, it listens no
   * more.
   */
  take(run: Listener): Disposable {
    const host = this.#host();
    if (host === undefined) {
      process.once("SIGINT", run);
      return { [Symbol.dispose]: () => void process.removeListener("SIGINT", run) };
    }
    this.#runs.add(run);
    // A kernel has its listeners aside while a cell runs up to its first await. No signal comes before that either.
    queueMicrotask(() => {
      if (this.#runs.size > 0 && this.#putOff.length === 0) this.#takeOver(host);
    });
    return {
      [Symbol.dispose]: () => {
        if (this.#runs.delete(run) && this.#runs.size === 0) this.#giveBack();
      },
    };
  }

  /** The host began to listen before anything else could: its listener is the first, and goes back to be so. */
  #takeOver({ emitters }: Host): void {
    this.#putOff = emitters.map((emitter) => [emitter, emitter.rawListeners("SIGINT")[0] as Listener | undefined]);
    for (const [emitter, listener] of this.#putOff) {
      // Never without a listener in between: the process would end of a signal.
      emitter.prependListener("SIGINT", this.#deliver);
      if (listener) emitter.removeListener("SIGINT", listener);
    }
  }

  #giveBack(): void {
    for (const [emitter, listener] of this.#putOff) {
      if (listener) emitter.prependListener("SIGINT", listener);
      emitter.removeListener("SIGINT", this.#deliver);
    }
    this.#putOff = [];
  }
}

/** Those of this process. */
export const interrupts = new Interrupts();
