/** `torchwright doctor`: says whether training would work here, and if not, what to do. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { examine } from "../doctor/examine";
import { reportText } from "../doctor/finding";
import { answerProbe } from "../doctor/probes";
import { EXIT_CODE } from "../exit-code";
import { printResult } from "../output/print";

interface DoctorFlags {
  readonly json?: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly probe?: string;
}

/** Adds the command. */
export function addDoctor(program: Command): void {
  program
    .command("doctor")
    .description("say whether training would work on this machine, and what to do where it would not")
    .option("--json", "print the report as one JSON object")
    .option("--timeout <seconds>", "how long each probe may take", seconds, 120)
    .addOption(new Option("--probe <name>", "what the command runs itself, in processes of their own").hideHelp())
    .addHelpText("after", "\nExit codes: 0 training works; 1 it does not, or not on a GPU that is here; 2 wrong usage.")
    .action(async ({ json, timeout, probe }: DoctorFlags) => {
      if (probe !== undefined) return answerProbe(probe);
      const report = await examine(1000 * timeout);
      printResult(json, report, () => reportText(report));
      process.exitCode = report.trains ? EXIT_CODE.ok : EXIT_CODE.failed;
    });
}

function seconds(value: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError("Expected a number of seconds above 0.");
}
