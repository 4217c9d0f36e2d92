/** Parses the text of an ATen schema: `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`. */

export interface Argument {
  readonly name: string;
  /** `Tensor`, `int`, `SymInt`, … without list and optional marks. */
  readonly base: string;
  readonly list: boolean;
  /** N of `int[N]`. */
  readonly size: number | undefined;
  readonly optional: boolean;
  readonly optionalElement: boolean;
  readonly hasDefault: boolean;
  readonly writes: boolean;
  /** After the `*`: by name only. */
  keyword: boolean;
}

export interface Schema {
  readonly name: string;
  readonly overload: string;
  readonly arguments: Argument[];
  readonly returns: readonly Argument[];
}

/** Commas outside brackets and strings. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quote = "";
  let begin = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (quote) quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ("([{".includes(character)) depth++;
    else if (")]}".includes(character)) depth--;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(begin, i));
      begin = i + 1;
    }
  }
  parts.push(text.slice(begin));
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function parseArgument(text: string, keyword: boolean): Argument | undefined {
  const match = /^(\w+)(\([^)]*\))?(\?)?(\[(\d*)\])?(\([^)]*\))?(\?)?(?:\s+(\w+))?\s*(=.*)?$/.exec(text);
  if (!match?.[1]) return undefined;
  const list = match[4] !== undefined;
  return {
    name: match[8] ?? "",
    base: match[1],
    list,
    size: match[5] ? Number(match[5]) : undefined,
    optional: list ? match[7] !== undefined : match[3] !== undefined || match[7] !== undefined,
    optionalElement: list && match[3] !== undefined,
    hasDefault: match[9] !== undefined,
    writes: `${match[2] ?? ""}${match[6] ?? ""}`.includes("!"),
    keyword,
  };
}

/** The schema, or undefined for a form that ATen's public operators do not use. */
export function parseSchema(text: string): Schema | undefined {
  const match = /^aten::(\w+)(?:\.(\w+))?\((.*)\) -> (.+)$/.exec(text);
  if (!match?.[1]) return undefined;
  const args: Argument[] = [];
  let keyword = false;
  for (const part of splitTop(match[3] ?? "")) {
    if (part === "*") {
      keyword = true;
      continue;
    }
    const argument = parseArgument(part, keyword);
    if (!argument) return undefined;
    args.push(argument);
  }
  const result = (match[4] ?? "").trim();
  const inner = result.startsWith("(") ? result.slice(1, -1) : result;
  const returns = splitTop(inner).map((part) => parseArgument(part, false));
  if (returns.some((item) => item === undefined)) return undefined;
  return { name: match[1], overload: match[2] ?? "", arguments: args, returns: returns as Argument[] };
}
