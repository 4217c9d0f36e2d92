/** Puts settings onto a command as flags, and gives what the command line and the configuration file say together. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Settings, readConfig, withFlags } from "./config-file";
import { flagName, type Setting } from "./setting";

/** Settings that stand under one heading of the help. */
export interface Section {
  readonly heading: string;
  readonly settings: readonly Setting[];
}

/** Adds the flags, and `--config`. */
export function addSettings(command: Command, sections: readonly Section[]): Command {
  command.addOption(
    new Option("--config <file>", "settings in JSON or YAML, by their names in camelCase; flags win over it").helpGroup(
      "Settings:",
    ),
  );
  for (const { heading, settings } of sections) {
    for (const setting of settings) {
      for (const option of optionsOf(setting)) command.addOption(option.helpGroup(heading));
    }
  }
  return command;
}

/** All settings that were given; what nobody said is absent. Throws what {@link readConfig} does. */
export async function givenSettings(command: Command, sections: readonly Section[]): Promise<Settings> {
  const settings = sections.flatMap((section) => section.settings);
  const given = command.opts<Readonly<Record<string, unknown>>>();
  const flags = settings.flatMap((setting) => {
    const value = given[optionsOf(setting)[0].attributeName()];
    return value === undefined ? [] : [[setting, value] as const];
  });
  const file = given["config"] as string | undefined;
  return withFlags(file === undefined ? {} : await readConfig(file, settings), flags, settings);
}

/** The flag, and for a switch the one that turns it off, which the help leaves out. */
function optionsOf(setting: Setting): [Option, ...Option[]] {
  const { kind, description, choices, short } = setting;
  const name = flagName(setting);
  const flags = `${short === undefined ? "" : `--${short}, `}--${name}`;
  const told =
    setting.default === undefined || setting.default === false
      ? description
      : `${description} (default: ${String(setting.default)})`;
  if (kind.placeholder === undefined) {
    return [new Option(flags, told), new Option(`--no-${name}`, `not: ${description}`).hideHelp()];
  }
  const option = new Option(`${flags} <${kind.placeholder}>`, told);
  // Shell completion and the help know them; commander's own check would read no lists.
  if (choices) option.choices(choices);
  return [
    option.argParser((text: string, before: unknown) => {
      const value = kind.read(text, before);
      if (value === undefined) throw new InvalidArgumentError(`Expected ${kind.expected}.`);
      return value;
    }),
  ];
}
