/** Exit codes of the command line. */
export const EXIT_CODE = {
  /** Done. */
  ok: 0,
  /** It began and failed: the last line of standard error says why. */
  failed: 1,
  /** The command line itself is wrong: an unknown option, a missing value. Nothing was begun. */
  usage: 2,
} as const;
