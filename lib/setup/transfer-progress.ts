/** A progress line for transfers: redrawn in a terminal, a line now and then in a log. */

export interface TransferProgress {
  /** Reports how much is done, in the unit of the total. */
  update(done: number): void;
  /** Ends the line. */
  finish(): void;
}

interface Terminal {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** Shows the transfer of `total` bytes (unknown: undefined) under a name; `start` were there before. */
export function transferProgress(
  name: string,
  total: number | undefined,
  start = 0,
  terminal: Terminal = process.stderr,
): TransferProgress {
  const began = Date.now();
  const interval = terminal.isTTY ? 100 : 5000;
  let shown = began;
  let last = start;

  const text = (done: number): string => {
    const seconds = Math.max((Date.now() - began) / 1000, 1e-3);
    const rate = (done - start) / seconds;
    const amount = total === undefined ? megabytes(done) : `${megabytes(done)} of ${megabytes(total)}`;
    const left = total !== undefined && rate > 0 ? `, ${Math.ceil((total - done) / rate)} s left` : "";
    return `${name} ${total === undefined ? "" : bar(done / total)} ${amount}, ${megabytes(rate)}/s${left}`;
  };
  const draw = (done: number, final: boolean): void => {
    if (terminal.isTTY) terminal.write(`\r${text(done)}\u001b[K${final ? "\n" : ""}`);
    else terminal.write(`${text(done)}\n`);
  };

  return {
    update(done) {
      last = done;
      if (Date.now() - shown < interval) return;
      shown = Date.now();
      draw(done, false);
    },
    finish() {
      draw(last, true);
    },
  };
}

function bar(fraction: number): string {
  const filled = Math.round(20 * Math.min(Math.max(fraction, 0), 1));
  return `[${"#".repeat(filled)}${".".repeat(20 - filled)}] ${String(Math.floor(100 * fraction)).padStart(3)} %`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
