import { ConfigError, type Flags } from '../config.ts'
import { FAULTS, Fault } from '../core/fault.ts'
import { exportCommand, forgetCommand } from './account-data.ts'
import { accountsGroup } from './accounts.ts'
import { backupCommand, restoreCommand } from './backup.ts'
import { auditGroup } from './audit.ts'
import { budgetsGroup } from './budgets.ts'
import { byokGroup } from './byok.ts'
import { chatCommand } from './chat.ts'
import { CliError, isGroup, usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import type { CliContext } from './context.ts'
import { creditsGroup, ledgerGroup } from './credits.ts'
import { priceListsGroup } from './price-lists.ts'
import { purchasesGroup } from './purchases.ts'
import { doctorCommand } from './doctor.ts'
import { parseFlags, type Parsed } from './flags.ts'
import { commandHelp, groupHelp, overviewHelp } from './help.ts'
import { instanceGroup } from './instance.ts'
import { keysGroup } from './keys.ts'
import { markupsGroup } from './markups.ts'
import { membersGroup } from './members.ts'
import { modelsGroup } from './models.ts'
import { nearestWord } from './nearest-word.ts'
import { paint, printable } from './paint.ts'
import { peopleGroup } from './people.ts'
import { providersGroup } from './providers.ts'
import { serveCommand } from './serve.ts'
import { walletsGroup } from './wallets.ts'
import { workspacesGroup } from './workspaces.ts'

const COMMANDS: readonly (Command | CommandGroup)[] = [serveCommand, chatCommand, keysGroup, creditsGroup, purchasesGroup, byokGroup, workspacesGroup, budgetsGroup, membersGroup, auditGroup, accountsGroup, peopleGroup, instanceGroup, markupsGroup, walletsGroup, priceListsGroup, ledgerGroup, modelsGroup, providersGroup, backupCommand, restoreCommand, exportCommand, forgetCommand, doctorCommand]
/** Flags that may stand before the command and take a value. */
const LEADING = /^--(?:data|config|port)$/

/** Runs one command line (without the program's name). Resolves to the exit code: 0 done, 1 failed, 2 called wrongly. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(argv, context)
  } catch (error) {
    return tell(error, argv.includes('--json'), context)
  } finally {
    await context.terminal.flush()
  }
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<number> {
  const { name, rest } = withoutCommand(argv)
  const { out } = context.terminal
  if (name === 'version' || (name === undefined && rest.some((word) => word === '--version' || word === '-v'))) {
    out.write(rest.includes('--json') ? `${JSON.stringify({ version: context.version })}\n` : `switchyard ${context.version}\n`)
    return 0
  }
  if (name === undefined || name === 'help') return help(rest, context)
  const entry = COMMANDS.find((known) => known.name === name)
  if (!entry) throw unknownWord('command', name, [...COMMANDS.map((known) => known.name), 'help', 'version'], '')
  if (!isGroup(entry)) return await run(entry, undefined, rest, context)
  return await runInGroup(entry, rest, context)
}

async function runInGroup(group: CommandGroup, argv: readonly string[], context: CliContext): Promise<number> {
  const { name, rest } = withoutCommand(argv)
  if (name === undefined && rest.some((word) => word === '--help' || word === '-h')) {
    context.terminal.out.write(groupHelp(context.terminal.out, group))
    return 0
  }
  const command = group.commands.find((known) => known.name === (name ?? group.alone))
  if (!command) throw unknownWord(`${group.name} command`, name ?? '', group.commands.map((known) => known.name), group.name)
  return await run(command, group, rest, context)
}

async function run(command: Command, group: CommandGroup | undefined, argv: readonly string[], context: CliContext): Promise<number> {
  let parsed: Parsed
  try {
    parsed = parseFlags(command, argv)
  } catch (error) {
    const way = group ? `${group.name} ${command.name}` : command.name
    throw error instanceof CliError ? usageError(error.message, error.help ?? `see: switchyard ${way} --help`) : error
  }
  const { values, words } = parsed
  if (values.has('help')) {
    context.terminal.out.write(commandHelp(context.terminal.out, command, group))
    return 0
  }
  return await command.run(invocation(values, words, context))
}

function invocation(values: Parsed['values'], words: readonly string[], context: CliContext): Invocation {
  const text = (flag: string): string | undefined => {
    const value = values.get(flag)
    return value === true ? undefined : value
  }
  const isOn = (flag: string): boolean => values.has(flag)
  return { words, context, config: context.config(flagsOf(text, isOn)), text, isOn, json: isOn('json') }
}

/** The flags that change settings, in the words of config.ts. */
function flagsOf(text: Invocation['text'], isOn: Invocation['isOn']): Flags {
  const values = {
    data: text('data'), config: text('config'), port: text('port'), host: text('host'), workers: text('workers'),
    initialCredits: text('initial-credits'), maxBodyMb: text('max-body-mb'), maxCalls: text('max-calls'),
  }
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
  return { ...given, ...(isOn('no-discover') && { noDiscover: true }), ...(isOn('no-log-calls') && { noLogCalls: true }) }
}

/** The first word that is neither a flag nor the value of a global flag, and everything else in its order. */
function withoutCommand(argv: readonly string[]): { name: string | undefined; rest: readonly string[] } {
  let at = 0
  while (at < argv.length && argv[at]?.startsWith('-')) at += LEADING.test(argv[at] ?? '') ? 2 : 1
  return { name: argv[at], rest: [...argv.slice(0, at), ...argv.slice(at + 1)] }
}

function help(argv: readonly string[], context: CliContext): number {
  const [name, sub] = argv.filter((word) => !word.startsWith('-'))
  const { out } = context.terminal
  const unknown = argv.find((word) => word.startsWith('-') && word !== '--help' && word !== '-h' && word !== '--json')
  if (unknown !== undefined) throw usageError(`unknown flag ${unknown}`, 'see: switchyard help')
  const entry = COMMANDS.find((known) => known.name === name)
  if (name !== undefined && !entry) throw unknownWord('command', name, COMMANDS.map((known) => known.name), '')
  if (!entry) out.write(overviewHelp(out, COMMANDS))
  else if (!isGroup(entry)) out.write(commandHelp(out, entry))
  else {
    const command = entry.commands.find((known) => known.name === sub)
    if (sub !== undefined && !command) throw unknownWord(`${entry.name} command`, sub, entry.commands.map((known) => known.name), entry.name)
    out.write(command ? commandHelp(out, command, entry) : groupHelp(out, entry))
  }
  return 0
}

function unknownWord(kind: string, word: string, known: readonly string[], group: string): CliError {
  const near = nearestWord(word, known)
  const way = group === '' ? 'switchyard' : `switchyard ${group}`
  return usageError(`unknown ${kind} “${word}”`, near ? `did you mean \`${way} ${near}\`?` : `there are ${known.join(', ')}`)
}

/** Says what went wrong, and what to do about it. A bug keeps its stack: that is for a report, not for people. */
function tell(error: unknown, json: boolean, context: CliContext): number {
  const { out, err } = context.terminal
  const message = printable(error instanceof Error ? error.message : String(error))
  const known = error instanceof CliError ? error.help : error instanceof Fault ? FAULTS[error.code].help : undefined
  // Who is at the command line may see what else only the log says.
  const detail = error instanceof Fault ? error.options.detail : undefined
  const exitCode = error instanceof CliError ? error.exitCode : error instanceof ConfigError ? 2 : 1
  if (json) out.write(`${JSON.stringify({ error: { message, ...(known !== undefined && { help: known }), exit_code: exitCode } }, null, 2)}\n`)
  err.write(`${paint(err, 'red', 'error:')} ${message}\n`)
  for (const line of [detail, known]) if (line !== undefined && line !== message) err.write(`${printable(line)}\n`)
  return exitCode
}
