/** What an executed notebook shows, beside what is checked in: numbers may differ, kinds of outputs may not. */

export interface Notebook {
  readonly cells: readonly Cell[];
}

interface Cell {
  readonly cell_type: string;
  readonly outputs?: readonly Output[];
}

interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: Text;
  readonly data?: Readonly<Record<string, Text>>;
}

type Text = string | readonly string[];

/** Tags whose presence says what an output is. */
const TELLING = ["svg", "table", "polyline", "circle", "rect", "dl", "pre", "progress"] as const;

/** One line for each cell that shows what it should not; without `compare` only what no cell may show. */
export function differences(
  expected: Notebook,
  executed: Notebook,
  { compare }: { readonly compare: boolean },
): string[] {
  return executed.cells.flatMap((cell, at) => {
    const found = kinds(cell);
    const trouble = (cell.outputs ?? []).flatMap(troubleOf);
    if (trouble.length > 0) return trouble.map((what) => `cell ${at + 1}: ${what}`);
    const wanted = kinds(expected.cells[at] ?? { cell_type: cell.cell_type });
    return compare && found.join() !== wanted.join()
      ? [
          `cell ${at + 1}: expected ${wanted.join(", ") || "nothing"}, got ${found.join(", ") || "nothing"}; npm run notebooks -- --write checks it in`,
        ]
      : [];
  });
}

/** `stdout`, or `text/html(svg table)` for HTML with charts and tables. */
export function kinds({ outputs = [] }: Cell): string[] {
  return outputs.map(({ output_type: type, name, data }) => {
    if (!data) return name ?? type;
    return Object.entries(data)
      .map(([mime, content]) => `${mime}${mime === "text/html" ? `(${tags(joined(content)).join(" ")})` : ""}`)
      .join(" + ");
  });
}

/** Errors end the execution before; what is written to standard error, and a promise that nobody waited for, do not. */
function troubleOf({ name, text = "", data = {} }: Output): string[] {
  const said = [joined(text), ...Object.values(data).map(joined)].join("\n");
  if (name === "stderr") return [`wrote to standard error: ${joined(text).slice(0, 400)}`];
  return /Unhandled(?:Promise)?Rejection|UncaughtException/.test(said) ? ["left a promise behind that failed"] : [];
}

function tags(html: string): string[] {
  return TELLING.filter((tag) => new RegExp(`<${tag}[ >]`).test(html));
}

function joined(text: Text): string {
  return typeof text === "string" ? text : text.join("");
}
