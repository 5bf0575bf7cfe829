import type { Config } from '../config.ts'
import type { CliContext } from './context.ts'

/** A flag as it is declared, with what `--help` says of it. */
export interface Flag {
  /** Name of its value in help (`<usd>`); undefined: a switch. */
  readonly value?: string
  readonly short?: string
  readonly what: string
}

/** What the user wrote for one command, checked. */
export interface Invocation {
  readonly words: readonly string[]
  readonly context: CliContext
  readonly config: Config
  /** The value of a flag that takes one. */
  text(flag: string): string | undefined
  isOn(flag: string): boolean
  /** `--json` was given. */
  readonly json: boolean
}

/** A command that runs. One file has one, or the few of one noun. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** `<usd>`, `[text]`: what stands behind the name. */
  readonly words: readonly string[]
  readonly flags: Readonly<Record<string, Flag>>
  /** What it does, where the summary does not say it all. */
  readonly about?: string
  /** A line as pasted, and what it does. */
  readonly examples: readonly (readonly [line: string, what: string])[]
  run(invocation: Invocation): Promise<number>
}

/** A noun with commands of its own: `switchyard keys create`. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  /** The command that runs when none is named. */
  readonly alone: string
  readonly commands: readonly Command[]
}

/** The flags that every command takes. */
export const GLOBAL_FLAGS: Readonly<Record<string, Flag>> = {
  data: { value: '<dir>', what: 'data directory (SWITCHYARD_DATA, default ./data)' },
  config: { value: '<file>', what: "the operator's file (SWITCHYARD_CONFIG, default ./switchyard.yaml where there is one)" },
  port: { value: '<port>', what: 'port of the server (PORT, default 8787)' },
  json: { what: 'print JSON for scripts' },
  help: { short: 'h', what: 'show this help' },
}

/** Ends a command with a message for people: 1 when it failed, 2 when it was called wrongly. */
export class CliError extends Error {
  override readonly name = 'CliError'
  constructor(message: string, readonly help?: string, readonly exitCode: 1 | 2 = 1) { super(message) }
}

/** A command that was called wrongly: exit 2. */
export function usageError(message: string, help?: string): CliError {
  return new CliError(message, help, 2)
}

export function isGroup(entry: Command | CommandGroup): entry is CommandGroup {
  return 'commands' in entry
}
