import type { Snapshot } from '../catalog/endpoint.ts'
import type { Config, Flags } from '../config.ts'
import type { Clock } from '../lib/clock.ts'

export type { Config }

/** One of the two streams that a command writes to. */
export interface Sink {
  write(text: string): void
  readonly isTty: boolean
  /** Colours are wanted: a terminal, and no NO_COLOR. */
  readonly color: boolean
}

/** Where a command's words go and come from. */
export interface Terminal {
  readonly out: Sink
  readonly err: Sink
  readonly input: Input
  /** Calls `handler` at ctrl-c instead of leaving; the returned function takes it back. */
  onInterrupt(handler: () => void): () => void
  /** Ends when all that was written has left the process, which may then be ended. */
  flush(): Promise<void>
}

export interface Input {
  readonly isTty: boolean
  /** All of standard input, for prompts that are piped in. */
  text(): Promise<string>
  /** Lines as they are entered, each after `prompt` was shown, with a history. Ends at ctrl-d, or at ctrl-c on an empty wait. */
  lines(prompt: string): AsyncIterable<string>
}

/** What one tiny call of a provider came to. */
export type ProbeResult =
  | { readonly ok: true; readonly latencyMs: number }
  | { readonly ok: false; readonly latencyMs: number; readonly message: string; readonly help?: string }

/** What the commands stand on. main.ts makes the one of the process, tests make their own. */
export interface CliContext {
  readonly version: string
  readonly terminal: Terminal
  readonly clock: Clock
  /** Puts flags and environment together. Throws ConfigError when a setting is wrong. */
  readonly config: (flags: Flags) => Config
  /** Runs the server until it is told to stop; the exit code. */
  readonly serve: (config: Config) => Promise<number>
  /** One tiny call of a model at a provider, by the gateway's own way. `snapshot` is what the command sees, the servers found on this machine in it. */
  readonly probe: (config: Config, providerSlug: string, modelId: string, snapshot: Snapshot) => Promise<ProbeResult>
  /** For `chat`, which is a client of the running server, and for `models sync`. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}
