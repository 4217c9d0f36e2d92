/** `torchwright build`: the addons from source, for a system or a libtorch that there are no prebuilt ones for. */
import type { Command } from "commander";
import { buildAddons } from "../../build/build-addons";

interface BuildFlags {
  readonly libtorch?: string;
  readonly force?: boolean;
}

/** Adds the command. */
export function addBuild(program: Command): void {
  program
    .command("build")
    .description("compile the native addon for this machine's libtorch, into the per-user cache")
    .option("--libtorch <folder>", "libtorch to build against; default: the one that a program would use")
    .option("--force", "build again what is there")
    .action(build);
}

async function build(flags: BuildFlags): Promise<void> {
  const { folder, libtorch, built } = await buildAddons({ ...flags, say: (line) => console.error(line) });
  console.log(`${built ? "built" : "there already"}, for libtorch ${libtorch.version}: ${folder}`);
}
