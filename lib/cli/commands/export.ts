/** `torchwright export`: a saved model in another form. */
import { type Command, Option } from "commander";
import type * as RunExport from "../export/run-export";
import { EXIT_CODES_HELP } from "../exit-code";
import { UsageError } from "../usage-error";

/** Types of weights that a folder can be written in. */
export const DTYPES = ["float32", "float64", "float16", "bfloat16"] as const;

export interface ExportFlags {
  readonly output?: string;
  readonly torchscript?: string;
  readonly adapter?: string;
  readonly dtype?: (typeof DTYPES)[number];
  readonly json?: boolean;
}

export function addExport(program: Command): void {
  program
    .command("export")
    .description("write a saved model as a TorchScript file, or as a folder with other weights")
    .argument("<model>", "folder of BERT that train, or Hugging Face, wrote")
    .option("--torchscript <file>", "write what Python's torch.jit.load and jit.load open: code and weights, dropout off")
    .option("--output <folder>", "write a Hugging Face folder with config, tokenizer, calibration and model card")
    .option("--adapter <folder>", "merge this LoRA adapter, of saveAdapter or PEFT, into the weights first")
    .addOption(new Option("--dtype <type>", "type of the weights; default: float32").choices(DTYPES))
    .option("--json", "print one JSON object")
    .addHelpText("after", EXIT_CODES_HELP)
    .action(async (model: string, flags: ExportFlags) => {
      if (flags.torchscript === undefined && flags.output === undefined) throw new UsageError("export: expected something to write, got neither; give --torchscript <file>, --output <folder>, or both");
      // Loaded when it is chosen: the help needs no tensors.
      // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() of TypeScript needs another loader
      const { runExport } = require("../export/run-export") as typeof RunExport;
      await runExport(model, flags);
    });
}
