/** Calls whose arguments the schema alone does not tell: by operator, or by operator and overload. */
import type { HintArgument } from "./values";

/** Positional arguments; a trailing plain object holds those by name. */
export type Call = readonly (HintArgument | Readonly<Record<string, HintArgument>>)[];
export type Calls = Readonly<Record<string, readonly Call[]>>;
