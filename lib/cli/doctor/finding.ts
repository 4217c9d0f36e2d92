/** What the doctor says: one finding for each thing looked at, and what follows from all of them. */

/**
 * - `ok`: as it should be.
 * - `note`: training works, but not all that this machine could do, or not for long.
 * - `problem`: training does not work, or not on a GPU that is here.
 */
export type Status = "ok" | "note" | "problem";

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly status: Status;
  /** One line. */
  readonly text: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** What the text says, for programs, and what would be too long for it. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** All findings. */
export interface Report {
  /** Whether training would work: no finding is a problem. The exit code says the same. */
  readonly trains: boolean;
  /** Where a training step was made: `"cpu"`, `"cuda:0"`. */
  readonly devices: readonly string[];
  readonly findings: readonly Finding[];
}

/** The report as text: a line for each finding, and one for the whole. */
export function reportText({ trains, devices, findings }: Report): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ status, name, text, remedy }) =>
    `${status.padEnd(7)}  ${name.padEnd(width)}  ${text}${remedy === undefined ? "" : `${/[.!?]$/.test(text) ? "" : "."} Remedy: ${remedy}`}`.trimEnd(),
  );
  const problems = findings.filter(({ status }) => status === "problem").length;
  lines.push(
    trains
      ? `Training works, on ${devices.join(", ")}.`
      : `Training would not work as it should: ${problems === 1 ? "1 problem" : `${problems} problems`}.`,
  );
  return lines.join("\n");
}

/** The first line of an error's message, or of any text, cut to what a line can hold. */
export function firstLine(text: string): string {
  const line =
    text
      .split("\n")
      .find((candidate) => candidate.trim() !== "")
      ?.trim() ?? "";
  return line.length > 300 ? `${line.slice(0, 297)}...` : line;
}
