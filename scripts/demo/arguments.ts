/**
 * The demo's command line: flags, their defaults and clear errors.
 */
import { extname } from "node:path";
import { parseArgs } from "node:util";

export const USAGE = `Fine-tunes a pretrained MiniLM on WordNet's definitions, or on your own file.

npm run demo -- [flags]

  --steps <n>         optimizer steps in all                   (default 800, three epochs at most)
  --epochs <n>        passes over the training data; ends the default of --steps
  --batch-size <n>    examples per step                        (default 32)
  --max-length <n>    longest text in tokens                   (default 24)
  --seed <n>          seed of split, order, head and dropout   (default 42)
  --device <name>     cpu, cuda, cuda:1                        (default: a GPU where there is one)
  --model <path>      a Hugging Face model folder, or a TorchScript file.pt
  --data <file>       your own .csv or .jsonl file instead of WordNet
  --text <column>     its column of texts                      (default text)
  --label <column>    its column of class names                (default label)
  --output <folder>   where the run and the model are saved    (default runs/demo)
  --json              one JSON object as the last line
  --help              this text`;

/** How a file of the user's is read. */
export type DataFormat = "csv" | "jsonl";

export interface DemoArguments {
  readonly steps: number | undefined;
  readonly epochs: number | undefined;
  readonly batchSize: number;
  readonly maxLength: number;
  readonly seed: number;
  readonly device: string | undefined;
  readonly model: string | undefined;
  readonly data:
    { readonly format: DataFormat; readonly file: string; readonly text: string; readonly label: string } | undefined;
  readonly output: string;
  readonly json: boolean;
  readonly help: boolean;
}

/** A flag that does not exist or has a value that is not allowed; the message says which. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const FLAGS = {
  steps: { type: "string" },
  epochs: { type: "string" },
  "batch-size": { type: "string", default: "32" },
  "max-length": { type: "string", default: "24" },
  seed: { type: "string", default: "42" },
  device: { type: "string" },
  model: { type: "string" },
  data: { type: "string" },
  text: { type: "string" },
  label: { type: "string" },
  output: { type: "string", default: "runs/demo" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** Reads the arguments after the script's name; throws `UsageError`. */
export function readArguments(args: readonly string[]): DemoArguments {
  const flags = parse(args);
  if (flags.data === undefined && (flags.text ?? flags.label) !== undefined) {
    throw new UsageError("--text and --label name columns of your own file: give it with --data file.csv");
  }
  return {
    steps: flags.steps === undefined ? undefined : wholeNumber("--steps", flags.steps, 1),
    epochs: flags.epochs === undefined ? undefined : positiveNumber("--epochs", flags.epochs),
    batchSize: wholeNumber("--batch-size", flags["batch-size"], 1),
    maxLength: wholeNumber("--max-length", flags["max-length"], 3),
    seed: wholeNumber("--seed", flags.seed, 0),
    device: flags.device,
    model: flags.model,
    data:
      flags.data === undefined
        ? undefined
        : { format: formatOf(flags.data), file: flags.data, text: flags.text ?? "text", label: flags.label ?? "label" },
    output: flags.output,
    json: flags.json,
    help: flags.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** By the extension, whatever its case: a file read as something that it is not gives errors about its rows. */
function formatOf(file: string): DataFormat {
  const extension = extname(file).toLowerCase();
  if (extension === ".csv") return "csv";
  if (extension === ".jsonl" || extension === ".ndjson") return "jsonl";
  throw new UsageError(`--data: expected a file that ends in .csv, .jsonl or .ndjson, got "${file}"`);
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${flag}: expected a whole number of at least ${least}, got "${text}"`);
  }
  return value;
}

function positiveNumber(flag: string, text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new UsageError(`${flag}: expected a number above 0, got "${text}"`);
  return value;
}
