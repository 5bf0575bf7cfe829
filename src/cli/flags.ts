import { parseArgs } from 'node:util'
import { GLOBAL_FLAGS, usageError, type Command, type Flag } from './command.ts'
import { nearestWord } from './nearest-word.ts'

/** Flags and words of one command line. A switch is `true`. */
export interface Parsed {
  readonly values: ReadonlyMap<string, string | true>
  readonly words: readonly string[]
}

/** Reads what follows a command's name. Throws a usage error that names the nearest flag. */
export function parseFlags(command: Command, argv: readonly string[]): Parsed {
  const flags: Readonly<Record<string, Flag>> = { ...GLOBAL_FLAGS, ...command.flags }
  const options = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, { type: flag.value === undefined ? 'boolean' : 'string', ...(flag.short && { short: flag.short }) } as const]))
  // Not strict: our own messages teach more than Node's.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
  const values = new Map<string, string | true>()
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind === 'option') values.set(token.name, valueOf(flags, token.name, token.rawName, token.value))
  }
  if (!values.has('help')) checkWords(command, words)
  return { values, words }
}

function valueOf(flags: Readonly<Record<string, Flag>>, name: string, written: string, value: string | undefined): string | true {
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (!flag) {
    if (/^-\d/.test(written)) throw usageError(`unknown flag ${written}`, `put -- before a negative number, after all flags: -- ${written}`)
    const near = nearestWord(name, Object.keys(flags))
    throw usageError(`unknown flag ${written}`, near && `did you mean --${near}?`)
  }
  if (flag.value === undefined && value !== undefined) throw usageError(`${written} takes no value`)
  if (flag.value !== undefined && (value === undefined || value === '')) throw usageError(`${written} needs a value: ${written} ${flag.value}`)
  return value ?? true
}

function checkWords(command: Command, words: readonly string[]): void {
  const needed = command.words.filter((word) => word.startsWith('<'))
  const missing = needed[words.length]
  if (missing !== undefined) throw usageError(`${missing} is missing`)
  const endless = command.words.at(-1)?.includes('…') ?? false
  if (!endless && words.length > command.words.length) throw usageError(`unexpected “${words[command.words.length]}”`)
}
