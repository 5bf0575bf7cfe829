import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'bun:test'
import { runCli } from '../src/cli/cli.ts'
import type { CliContext, Sink } from '../src/cli/context.ts'
import { readConfig, type Config } from '../src/config.ts'
import { systemClock } from '../src/lib/clock.ts'

export interface CliOptions {
  /** The whole environment of the command; nothing of the test's own. */
  readonly env?: Readonly<Record<string, string>>
  /** The Postgres that keeps everything; SQLite in the directory when not said. */
  readonly databaseUrl?: string
  /** Piped in; undefined: standard input is a terminal. */
  readonly stdin?: string
  /** Entered at the prompt. */
  readonly lines?: readonly string[]
  /** Standard output is a terminal with colours. */
  readonly tty?: boolean
  /** Called with each text written to standard output, and with what ctrl-c does. */
  readonly onOut?: (text: string, interrupt: () => void) => void
  readonly serve?: CliContext['serve']
  readonly probe?: CliContext['probe']
  readonly fetch?: CliContext['fetch']
}

export interface CliRun { readonly code: number; readonly out: string; readonly err: string }

/** A directory that is gone after the tests of the file. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'switchyard-cli-'))
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Runs one command line in this process, in a directory, and gives what it wrote. */
export async function cli(directory: string, argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const written = { out: '', err: '' }
  const interrupts: (() => void)[] = []
  const isTty = options.tty ?? false
  const sink = (name: 'out' | 'err'): Sink => ({
    isTty, color: isTty,
    write(text) {
      written[name] += text
      if (name === 'out') options.onOut?.(text, () => interrupts.at(-1)?.())
    },
  })
  const context: CliContext = {
    version: '0.0.0-test', clock: systemClock,
    terminal: {
      out: sink('out'), err: sink('err'),
      input: { isTty: options.stdin === undefined, text: async () => options.stdin ?? '', lines: () => entered(options.lines ?? []) },
      flush: async () => undefined,
      onInterrupt(handler) {
        interrupts.push(handler)
        return () => void interrupts.splice(interrupts.indexOf(handler), 1)
      },
    },
    config: (flags) => configOf(readConfig({ noDiscover: true, data: join(directory, 'data'), ...flags }, directory), options),
    serve: options.serve ?? (async () => 0),
    probe: options.probe ?? (async () => ({ ok: true, latencyMs: 1 })),
    fetch: options.fetch ?? fetch,
  }
  const code = await runCli(argv, context)
  return { code, ...written }
}

/** The configuration without what the machine of the test has in its environment. */
function configOf(config: Config, { env = {}, databaseUrl }: CliOptions): Config {
  return { ...config, env, firstKey: env['SWITCHYARD_KEY'], masterKey: env['SWITCHYARD_MASTER_KEY'], databaseUrl }
}

async function* entered(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* lines
}
