/** `torchwright completion`: a script that teaches a shell the commands and options. */
import { Argument, type Command } from "commander";
import { bashCompletion } from "../completion/bash";
import { describeCommands } from "../completion/described";
import { fishCompletion } from "../completion/fish";
import { zshCompletion } from "../completion/zsh";

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function addCompletion(program: Command): void {
  program
    .command("completion")
    .description("print a script that completes commands, options and their values in a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(SHELLS)))
    .addHelpText(
      "after",
      "\nbash: source <(torchwright completion bash)\nzsh:  source <(torchwright completion zsh)\nfish: torchwright completion fish > ~/.config/fish/completions/torchwright.fish",
    )
    .action((shell: keyof typeof SHELLS) => {
      process.stdout.write(SHELLS[shell](program.name(), describeCommands(program)));
    });
}
