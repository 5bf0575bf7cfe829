import { createInterface, type Interface } from 'node:readline'
import type { Input, Sink, Terminal } from './context.ts'

/** The terminal of this process. `colours`: a terminal whose user has not said NO_COLOR. */
export function processTerminal(colours: boolean): Terminal {
  const interrupts = new Interrupts()
  const [out, err] = [new ProcessSink(process.stdout, colours), new ProcessSink(process.stderr, colours)]
  return {
    out, err, input: new ProcessInput(interrupts),
    onInterrupt: (handler) => interrupts.add(handler),
    flush: async () => void await Promise.all([out.written(), err.written()]),
  }
}

class ProcessSink implements Sink {
  readonly isTty: boolean
  readonly color: boolean
  /** Ends with the last write: a pipe takes 64 KB at a time. */
  private last: Promise<void> = Promise.resolve()

  constructor(private readonly stream: NodeJS.WriteStream, colours: boolean) {
    this.isTty = stream.isTTY === true
    this.color = this.isTty && colours
    // `switchyard models list | head`: the reader has enough, which is no error.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }

  write(text: string): void {
    if (text !== '') this.last = new Promise((resolve) => void this.stream.write(text, () => resolve()))
  }

  written(): Promise<void> {
    return this.last
  }
}

/** Who is told of ctrl-c: the handler added last, or nobody, and then the process leaves as always. */
class Interrupts {
  private readonly handlers: (() => void)[] = []
  private readonly onSignal = (): void => void this.tell()

  add(handler: () => void): () => void {
    if (this.handlers.length === 0) process.on('SIGINT', this.onSignal)
    this.handlers.push(handler)
    return () => {
      const at = this.handlers.indexOf(handler)
      if (at !== -1) this.handlers.splice(at, 1)
      if (this.handlers.length === 0) process.off('SIGINT', this.onSignal)
    }
  }

  /** False when nobody was told. */
  tell(): boolean {
    const handler = this.handlers.at(-1)
    handler?.()
    return handler !== undefined
  }
}

class ProcessInput implements Input {
  readonly isTty = process.stdin.isTTY === true

  constructor(private readonly interrupts: Interrupts) {}

  text(): Promise<string> {
    return Bun.stdin.text()
  }

  async *lines(prompt: string): AsyncGenerator<string, void, undefined> {
    const reader = createInterface({ input: process.stdin, output: process.stdout, prompt, historySize: 500 })
    // In raw mode ctrl-c is a key, not a signal.
    reader.on('SIGINT', () => { if (!this.interrupts.tell()) reader.close() })
    yield* linesOf(reader)
  }
}

/** Lines of a reader, each after its prompt, until its end: also one that came while the last line was worked on. */
export async function* linesOf(reader: Interface): AsyncGenerator<string, void, undefined> {
  const lines = queueOf(reader)
  try {
    for (;;) {
      // A reader that is closed cannot prompt any more.
      if (!lines.isClosed()) reader.prompt()
      const line = await lines.next()
      if (line === undefined) return
      yield line
    }
  } finally {
    reader.close()
  }
}

/** Lines in the order they were entered, also those entered while nobody waited (pasted text); undefined at the end. */
function queueOf(reader: Interface): { readonly isClosed: () => boolean; readonly next: () => Promise<string | undefined> } {
  const entered: string[] = []
  let closed = false
  let wake: (() => void) | undefined
  reader.on('line', (line) => { entered.push(line); wake?.() })
  reader.on('close', () => { closed = true; wake?.() })
  return {
    isClosed: () => closed,
    next: async () => {
      if (entered.length === 0 && !closed) await new Promise<void>((resolve) => { wake = resolve })
      return entered.shift()
    },
  }
}
