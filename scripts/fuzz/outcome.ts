/**
 * What became of each call, one byte per call in a file that outlives the child: the parent reads there
 * which call a dead child was in.
 */
import { ERROR_CODES } from "../../lib/errors";

const CODES = Object.keys(ERROR_CODES);

export const NOT_RUN = 0;
export const SUCCEEDED = 1;
const FIRST_CODE = 2;
/** An error of the fuzzer's own, thrown by a getter and passed on as it should be. */
export const PLANTED = 252;
/** V8 had no memory left beside a large tensor, under the limit of the run. */
export const OUT_OF_MEMORY = 253;
/** An error without a code: a finding. */
export const UNCODED = 254;
/** Written before a call, overwritten after it. */
export const RUNNING = 255;

export function outcomeOfCode(code: string): number {
  const index = CODES.indexOf(code);
  return index < 0 ? UNCODED : FIRST_CODE + index;
}

export function outcomeName(outcome: number): string {
  switch (outcome) {
    case NOT_RUN:
      return "not run";
    case SUCCEEDED:
      return "success";
    case PLANTED:
      return "error of the caller's getter";
    case OUT_OF_MEMORY:
      return "no memory left for V8, under the run's limit";
    case UNCODED:
      return "error without a code";
    case RUNNING:
      return "crash or hang";
    default:
      return CODES[outcome - FIRST_CODE] ?? `outcome ${outcome}`;
  }
}
