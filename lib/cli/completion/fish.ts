/** Completion for fish. */
import type { DescribedCommand, DescribedOption } from "./described";

/** A script for ~/.config/fish/completions. */
export function fishCompletion(name: string, commands: readonly DescribedCommand[]): string {
  const none = `not __fish_seen_subcommand_from ${commands.map((command) => command.name).join(" ")}`;
  return [
    `# fish completion for ${name}: ${name} completion fish > ~/.config/fish/completions/${name}.fish`,
    `complete -c ${name} -n ${quoted(none)} -f`,
    `complete -c ${name} -n ${quoted(none)} -l help -d 'show help'`,
    `complete -c ${name} -n ${quoted(none)} -l version -d 'show the version'`,
    ...commands.map(
      (command) =>
        `complete -c ${name} -n ${quoted(none)} -f -a ${quoted(command.name)} -d ${quoted(command.description)}`,
    ),
    ...commands.flatMap((command) => linesOf(name, command)),
    "",
  ].join("\n");
}

function linesOf(name: string, { name: command, options, choices }: DescribedCommand): string[] {
  const front = `complete -c ${name} -n ${quoted(`__fish_seen_subcommand_from ${command}`)}`;
  return [
    ...options.map((option) => `${front} ${optionOf(option)}`),
    ...(choices.length > 0 ? [`${front} -f -a ${quoted(choices.join(" "))}`] : []),
  ];
}

function optionOf({ flags, description, takesValue, choices }: DescribedOption): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(" ");
  const value = !takesValue ? "" : choices.length > 0 ? ` -x -a ${quoted(choices.join(" "))}` : " -r -F";
  return `${names}${value} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
