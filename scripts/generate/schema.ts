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
  /** Shares memory with an argument, as `Tensor(a)` says. */
  readonly aliases: boolean;
  /** After the `*`: by name only. */
  readonly keyword: boolean;
}

export interface Schema {
  readonly name: string;
  readonly overload: string;
  /** As `native_functions.yaml` has it: `add.Tensor`, or the name alone. */
  readonly qualified: string;
  readonly arguments: readonly Argument[];
  readonly returns: readonly Argument[];
  /** As libtorch prints it. */
  readonly text: string;
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
  const match =
    /^((?:Dict|Union)\([^)]*\)|[\w.]+)(\([^)]*\))?(\?)?(\[(\d*)\])?(\([^)]*\))?(\?)?(?:\s+(\w+))?\s*(=.*)?$/.exec(text);
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
    aliases: match[2] !== undefined || match[6] !== undefined,
    keyword,
  };
}

/**
 * @throws Error for a form that none of ATen's operators has
 */
export function parseSchema(text: string): Schema {
  const unknown = (): Error => new Error(`generate: expected the schema of an ATen operator, got ${text}`);
  const match = /^aten::(\w+)(?:\.(\w+))?\((.*)\) -> (.+)$/.exec(text);
  if (!match?.[1]) throw unknown();
  const args: Argument[] = [];
  let keyword = false;
  for (const part of splitTop(match[3] ?? "")) {
    if (part === "*") {
      keyword = true;
      continue;
    }
    const argument = parseArgument(part, keyword);
    if (!argument) throw unknown();
    args.push(argument);
  }
  const result = (match[4] ?? "").trim();
  const inner = result.startsWith("(") ? result.slice(1, -1) : result;
  const returns = splitTop(inner).map((part) => {
    const item = parseArgument(part, false);
    if (!item) throw unknown();
    return item;
  });
  const [name, overload] = [match[1], match[2] ?? ""];
  return { name, overload, qualified: overload ? `${name}.${overload}` : name, arguments: args, returns, text };
}

/** `cross_entropy_loss` → `crossEntropyLoss`, `add_` → `add_`. */
export function camelCase(name: string): string {
  const tail = name.endsWith("_") ? "_" : "";
  return name.replace(/_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase()).replace(/_$/, "") + tail;
}
