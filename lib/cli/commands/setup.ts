/** `torchwright setup`: brings libtorch onto this machine, lists what is there, removes it. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { EXIT_CODES_HELP } from "../exit-code";
import { runSetup } from "../setup/run-setup";
import type { SetupFlags } from "../setup/run-setup";

/** What does not go together with a list or a removal. */
const FETCHING = ["cpu", "cuda", "from", "mirror", "sha256", "force", "quiet"];

/** Adds the command. */
export function addSetup(program: Command): void {
  program
    .command("setup")
    .description(
      "fetch libtorch into the per-user cache (TORCHWRIGHT_CACHE moves it): the CUDA build where there is an NVIDIA driver, else the CPU's",
    )
    .addOption(new Option("--cpu", "the build for the CPU").conflicts("cuda"))
    .option("--cuda", "the build for NVIDIA's GPUs, with NVIDIA's libraries")
    .addOption(
      new Option(
        "--from <what>",
        "take it from a folder, an archive (.zip, .whl) or a Python (a path, or python) on this machine",
      ).conflicts("mirror"),
    )
    .option("--mirror <url>", "what stands in place of https://download.pytorch.org (or TORCHWRIGHT_MIRROR)")
    .option("--sha256 <hex>", "checksum of the archive, in place of the pinned one", checksum)
    .option("--force", "fetch again what is there")
    .option("--quiet", "no progress")
    .addOption(new Option("--list", "say what is installed, and which one is used").conflicts([...FETCHING, "remove"]))
    .addOption(new Option("--remove <name>", "remove one, by its name in the list, or all").conflicts(FETCHING))
    .option("--json", "print the result as one JSON object")
    .addHelpText("after", EXIT_CODES_HELP)
    .action((flags: SetupFlags) => runSetup(flags));
}

function checksum(value: string): string {
  if (/^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw new InvalidArgumentError("Expected the 64 hexadecimal digits of a SHA-256.");
}
