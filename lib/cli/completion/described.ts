/**
 * The program's commands and options as shell completion needs them: read off the program itself, so that nothing can
 * be forgotten.
 */
import type { Command } from "commander";

export interface DescribedOption {
  /** With dashes; of two names both. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** Values to choose from; empty where it may be anything, as a file. */
  readonly choices: readonly string[];
}

export interface DescribedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  /** Words that its argument can be; empty for files or texts. */
  readonly choices: readonly string[];
}

/** Commands in the order of the help, each with `--help`. */
export function describeCommands(program: Command): readonly DescribedCommand[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag != null),
        description: option.description,
        takesValue: option.required || option.optional,
        choices: option.argChoices ?? [],
      })),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  }));
}
