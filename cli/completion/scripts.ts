/** Scripts for shells, with all words in them: completing starts no program. */
import type { Words } from './words';

export function bashCompletion(known: readonly Words[]): string {
  return `${functionBody(known, '_sgpu_words')}
_sgpu() {
  local word path="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    [[ "$word" == -* ]] && continue
    if [[ -n "$(_sgpu_words "\${path:+$path }$word")" ]]; then path="\${path:+$path }$word"; fi
  done
  COMPREPLY=($(compgen -W "$(_sgpu_words "$path")" -- "\${COMP_WORDS[COMP_CWORD]}"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _sgpu sgpu
`;
}

export function zshCompletion(known: readonly Words[]): string {
  return `#compdef sgpu
${functionBody(known, '_sgpu_words')}
_sgpu() {
  local word place="" index
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    [[ "$word" == -* ]] && continue
    if [[ -n "$(_sgpu_words "\${place:+$place }$word")" ]]; then place="\${place:+$place }$word"; fi
  done
  compadd -- \${=$(_sgpu_words "$place")} || _files
}
compdef _sgpu sgpu
`;
}

export function fishCompletion(known: readonly Words[]): string {
  const lines = known.flatMap(({ path, commands, options }) => {
    const parts = path === '' ? [] : path.split(' ');
    const condition =
      parts.length === 0
        ? '__fish_use_subcommand'
        : parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    const others =
      commands.length === 0 || parts.length === 0 ? '' : `; and not __fish_seen_subcommand_from ${commands.join(' ')}`;
    return [
      ...(commands.length === 0 ? [] : [`complete -c sgpu -f -n '${condition}${others}' -a '${commands.join(' ')}'`]),
      ...options.map((option) => `complete -c sgpu -n '${condition}' -l ${option.slice(2)}`),
    ];
  });
  return `${lines.join('\n')}\n`;
}

/** Prints what may follow the commands typed so far; nothing for what is no command. */
function functionBody(known: readonly Words[], name: string): string {
  const cases = known.map(
    ({ path, commands, options }) => `    '${path}') echo '${[...commands, ...options].join(' ')}' ;;`,
  );
  return [`${name}() {`, '  case "$1" in', ...cases, '  esac', '}'].join('\n');
}
