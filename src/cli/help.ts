import { GLOBAL_FLAGS, isGroup, type Command, type CommandGroup, type Flag } from './command.ts'
import type { Sink } from './context.ts'
import { paint } from './paint.ts'

/** What `switchyard help` shows. */
export function overviewHelp(sink: Sink, entries: readonly (Command | CommandGroup)[]): string {
  return [
    `${paint(sink, 'bold', 'switchyard')}: one API for every model, on your own machines\n`,
    heading(sink, 'Commands'), rows(entries.map((entry) => [wayTo(entry), entry.summary])),
    heading(sink, 'Start here'),
    rows([
      ['switchyard serve', 'start the gateway; the first start prints a key and a curl to try it'],
      ['switchyard chat', 'talk to a model in this terminal'],
      ['switchyard doctor', 'see which providers are ready and what the others lack'],
    ]),
    '\n`switchyard <command> --help` explains one command, with examples.\n',
  ].join('')
}

/** What `switchyard keys --help` shows. */
export function groupHelp(sink: Sink, group: CommandGroup): string {
  return [
    `${paint(sink, 'bold', `switchyard ${group.name}`)}: ${group.summary}\n`,
    heading(sink, 'Commands'), rows(group.commands.map((command) => [usageOf(command, group), command.summary])),
    heading(sink, 'Examples'), rows(group.commands.flatMap((command) => command.examples.slice(0, 1)).map(([line, what]) => [line, what])),
    `\n\`switchyard ${group.name} <command> --help\` explains one of them.\n`,
  ].join('')
}

/** What `switchyard keys create --help` shows. */
export function commandHelp(sink: Sink, command: Command, group?: CommandGroup): string {
  const own = Object.entries(command.flags)
  return [
    `${paint(sink, 'bold', `switchyard ${usageOf(command, group)}${own.length > 0 ? ' [flags]' : ''}`)}\n\n`,
    `${capital(command.summary)}.${command.about ? ` ${command.about}` : ''}\n`,
    own.length > 0 ? heading(sink, 'Flags') + rows(own.map(flagRow)) : '',
    heading(sink, 'Flags of every command'), rows(Object.entries(GLOBAL_FLAGS).filter(([name]) => !Object.hasOwn(command.flags, name)).map(flagRow)),
    heading(sink, 'Examples'), command.examples.map(([line, what]) => `  ${paint(sink, 'dim', `# ${what}`)}\n  ${line}\n`).join(''),
  ].join('')
}

function wayTo(entry: Command | CommandGroup): string {
  return isGroup(entry) ? `${entry.name} ${entry.commands.map((command) => command.name).join('|')}` : [entry.name, ...entry.words].join(' ')
}

function usageOf(command: Command, group: CommandGroup | undefined): string {
  return [...(group ? [group.name] : []), command.name, ...command.words].join(' ')
}

function flagRow([name, flag]: [string, Flag]): [string, string] {
  return [`${flag.short ? `-${flag.short}, ` : ''}--${name}${flag.value ? ` ${flag.value}` : ''}`, flag.what]
}

function heading(sink: Sink, text: string): string {
  return `\n${paint(sink, 'bold', text)}\n`
}

function rows(list: readonly (readonly [string, string])[]): string {
  const width = Math.max(...list.map(([left]) => left.length))
  return list.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
