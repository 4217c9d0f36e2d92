/** Completion for bash. */
import type { DescribedCommand } from "./described";

/** A script to be sourced. File names are completed wherever nothing else is known. */
export function bashCompletion(name: string, commands: readonly DescribedCommand[]): string {
  const names = commands.map((command) => command.name);
  return `# bash completion for ${name}; put it into ~/.bashrc: source <(${name} completion bash)
_${name}_words() {
  local IFS=$' \\t\\n'
  COMPREPLY=($(compgen -W "$1" -- "$2"))
}
_${name}_files() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -f -- "$1"))
}
_${name}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${names.join("|")}) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$command" in
    "") _${name}_words ${quoted([...names, "--help", "--version"].join(" "))} "$cur"; return ;;
${commands.map((command) => branch(name, command)).join("\n")}
  esac
  _${name}_files "$cur"
}
complete -o filenames -F _${name} ${name}
`;
}

function branch(name: string, { name: command, options, choices }: DescribedCommand): string {
  const chosen = options.filter((option) => option.choices.length > 0);
  const free = options.filter((option) => option.takesValue && option.choices.length === 0);
  const values = [
    ...chosen.map(
      ({ flags, choices: words }) =>
        `        ${flags.join("|")}) _${name}_words ${quoted(words.join(" "))} "$cur"; return ;;`,
    ),
    ...(free.length > 0
      ? [`        ${free.flatMap(({ flags }) => flags).join("|")}) _${name}_files "$cur"; return ;;`]
      : []),
  ];
  const flags = options.flatMap((option) => option.flags);
  return [
    `    ${command})`,
    ...(values.length > 0 ? [`      case "$prev" in`, ...values, `      esac`] : []),
    `      if [[ "$cur" == -* ]]; then _${name}_words ${quoted(flags.join(" "))} "$cur"; return; fi`,
    ...(choices.length > 0 ? [`      _${name}_words ${quoted(choices.join(" "))} "$cur"; return`] : []),
    `      ;;`,
  ].join("\n");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
