/** What values a setting can have: how they read on the command line, and which ones a configuration file may have. */

export interface Kind {
  /** Stands for the value in the help; undefined for a switch, which has none. */
  readonly placeholder: string | undefined;
  /** What is expected on the command line, for messages. */
  readonly expected: string;
  /** The same of a configuration file, where it is written otherwise there. */
  readonly inFile?: string;
  /** The value of a flag's text; undefined where the text is none. `before` is that of the same flag further left. */
  readonly read: (text: string, before: unknown) => unknown;
  /** Whether a value of a configuration file is one. */
  readonly fits: (value: unknown) => boolean;
}

type Words = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isRecord = (value: unknown): value is Words =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const listOf =
  (fits: (item: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.length > 0 && value.every(fits);
const split = (text: string): string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
const numberOf = (text: string): number | undefined =>
  text.trim() !== "" && isNumber(Number(text)) ? Number(text) : undefined;

/** `true`, `0.9`, `null`; what is nothing else is text. */
function literal(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return numberOf(text) ?? text;
}

/** `momentum=0.9,nesterov=true`; the last "=" counts, as names may be patterns. */
function record(text: string): Words | undefined {
  const pairs = split(text).map((pair) => [pair, pair.lastIndexOf("=")] as const);
  if (pairs.length === 0 || pairs.some(([, at]) => at < 1)) return undefined;
  return Object.fromEntries(pairs.map(([pair, at]) => [pair.slice(0, at), literal(pair.slice(at + 1))]));
}

export const SWITCH: Kind = {
  placeholder: undefined,
  expected: "true or false",
  read: () => true,
  fits: (value) => typeof value === "boolean",
};

export const NUMBER: Kind = { placeholder: "number", expected: "a number", read: numberOf, fits: isNumber };

/** A number from 0 to 1. */
export const SHARE: Kind = within({ ...NUMBER, expected: "a number from 0 to 1" }, 0, 1);

export const WHOLE: Kind = {
  placeholder: "n",
  expected: "a whole number",
  read: (text) => (Number.isSafeInteger(numberOf(text)) ? Number(text) : undefined),
  fits: Number.isSafeInteger,
};

/** A whole number of something, which may be none. */
export const WHOLE_FROM_0: Kind = within({ ...WHOLE, expected: "a whole number from 0" }, 0);

/** A whole number of something of which there must be one. */
export const WHOLE_FROM_1: Kind = within({ ...WHOLE, expected: "a whole number from 1" }, 1);

/** A kind of numbers, those between two of them. */
function within(kind: Kind, least: number, most = Infinity): Kind {
  const inside = (value: unknown): boolean => isNumber(value) && value >= least && value <= most;
  return {
    ...kind,
    read: (text, before) => {
      const value = kind.read(text, before);
      return inside(value) ? value : undefined;
    },
    fits: (value) => kind.fits(value) && inside(value),
  };
}

/** A text; `placeholder` says of what. */
export function textKind(placeholder: string): Kind {
  return { placeholder, expected: "a text", read: (text) => text || undefined, fits: isText };
}

/** Texts as they are, each with a flag of its own. */
export function textsKind(placeholder: string): Kind {
  return {
    placeholder,
    expected: "texts, each with a flag of its own",
    inFile: "a text or a list of texts",
    read: (text, before) => (text === "" ? undefined : [...((before as string[] | undefined) ?? []), text]),
    fits: (value) => isText(value) || listOf(isText)(value),
  };
}

/** Names with commas between them. */
export function namesKind(placeholder: string): Kind {
  return {
    placeholder,
    expected: "names with commas between them",
    inFile: "a list of texts",
    read: (text, before) =>
      split(text).length === 0 ? undefined : [...((before as string[] | undefined) ?? []), ...split(text)],
    fits: listOf(isText),
  };
}

export const NUMBERS: Kind = {
  placeholder: "n,n",
  expected: "whole numbers with commas between them",
  inFile: "a list of whole numbers",
  read: (text) => {
    const numbers = split(text).map(Number);
    return listOf(Number.isSafeInteger)(numbers) ? numbers : undefined;
  },
  fits: listOf(Number.isSafeInteger),
};

export const RECORD: Kind = {
  placeholder: "name=value,…",
  expected: "name=value, with commas between them",
  inFile: "an object",
  read: (text, before) => {
    const given = record(text);
    return given && { ...(before ?? {}), ...given };
  },
  fits: isRecord,
};

/** Records, each with a flag of its own. */
export const RECORDS: Kind = {
  placeholder: "name=value,…",
  expected: "name=value with commas between them, each rule with a flag of its own",
  inFile: "a list of objects",
  read: (text, before) => {
    const given = record(text);
    return given && [...((before as Words[] | undefined) ?? []), given];
  },
  fits: listOf(isRecord),
};

/** Balanced factors, one for each class in the order of the labels, or by name. */
export const CLASS_WEIGHTS: Kind = {
  placeholder: "balanced|label=w,…|w,…",
  expected: '"balanced", label=weight or weights, with commas between them',
  inFile: '"balanced", a list of numbers, or an object with a number for each label',
  read: (text) => {
    if (text === "balanced") return text;
    const numbers = split(text).map(Number);
    return listOf(isNumber)(numbers) ? numbers : record(text);
  },
  fits: (value) => value === "balanced" || listOf(isNumber)(value) || isRecord(value),
};

/** Names of modules, `all-linear`, or `/a regular expression/`. */
export const MODULES: Kind = {
  placeholder: "name,…|all-linear|/regex/",
  expected: "names of modules with commas between them, all-linear, or a regular expression between slashes",
  inFile: "all-linear, a regular expression, or a list of names of modules",
  read: (text) => {
    if (text === "all-linear") return text;
    const pattern = /^\/(.+)\/$/.exec(text)?.[1];
    return pattern ?? (split(text).length > 0 ? split(text) : undefined);
  },
  fits: (value) => isText(value) || listOf(isText)(value),
};

/** One of some words; those that are `true` or `false` are no text. */
export function choiceKind(choices: readonly string[]): Kind {
  return {
    placeholder: choices.length <= 4 ? choices.join("|") : "name",
    expected: `one of ${choices.join(", ")}`,
    read: (text) => (choices.includes(text) ? literal(text) : undefined),
    fits: (value) => choices.includes(String(value)),
  };
}
