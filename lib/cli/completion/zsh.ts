/** Completion for zsh. */
import type { DescribedCommand, DescribedOption } from "./described";

/** A script for a folder of `fpath`, or to be sourced. */
export function zshCompletion(name: string, commands: readonly DescribedCommand[]): string {
  return `#compdef ${name}
# zsh completion for ${name}; put it into ~/.zshrc behind compinit: source <(${name} completion zsh)
_${name}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C '(- *)--help[show help]' '(- *)--version[show the version]' '1: :->command' '*:: :->arguments'
  case $state in
    command)
      local -a commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.description}`)}`).join("\n")}
      )
      _describe command commands
      ;;
    arguments)
      case $words[1] in
${commands.map(branch).join("\n")}
      esac
      ;;
  esac
}
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function branch({ name, options, choices }: DescribedCommand): string {
  const last = choices.length > 0 ? `'1: :(${choices.join(" ")})'` : `'*:file:_files'`;
  return [
    `        ${name})`,
    `          _arguments -S \\`,
    ...options.flatMap(specs).map((spec) => `            ${spec} \\`),
    `            ${last}`,
    `          ;;`,
  ].join("\n");
}

function specs({ flags, description, takesValue, choices }: DescribedOption): string[] {
  const text = description.replace(/[\\[\]:]/g, "\\$&");
  const value = !takesValue ? "" : choices.length > 0 ? `:value:(${choices.join(" ")})` : ":value:_files";
  // Those that can be repeated are not told apart: all may be.
  return flags.map((flag) => quoted(`*${flag}[${text}]${value}`));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
