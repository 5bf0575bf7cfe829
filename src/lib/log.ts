/** One line of the log. Fields are named, never content: no prompt, no answer, no secret. */
export interface CallLine {
  readonly id: string
  readonly key: string
  readonly model: string
  readonly provider: string
  readonly status: number
  readonly fault: string | null
  readonly ms: number
  readonly firstMs: number | null
  readonly promptTokens: number
  readonly completionTokens: number
  readonly costNano: string
  /** The id of the call that this was a copy of, for a mirror; then `upstreamCostNano` is what it cost the operator. */
  readonly mirrorOf?: string
  readonly upstreamCostNano?: string
}

export interface CallLog {
  /** One line for each call, at its end. */
  call(line: CallLine): void
  /** Something that a person must know: a bug, a wrong file, a lost journal. */
  problem(what: string, detail?: string): void
}

const FLUSH_MS = 200
const BUFFER_CHARS_MAX = 64 * 1024

/** JSON lines on standard error, gathered for up to 200 ms: a call never waits for a terminal. */
export class JsonLog implements CallLog {
  private buffer = ''
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly now: () => number, private readonly calls: boolean, private readonly sink: (text: string) => void) {}

  call(line: CallLine): void {
    if (this.calls) this.add(`{"at":"${new Date(this.now()).toISOString()}","call":${JSON.stringify(line)}}\n`)
  }

  problem(what: string, detail?: string): void {
    this.add(`${JSON.stringify({ at: new Date(this.now()).toISOString(), problem: what, ...(detail === undefined ? {} : { detail }) })}\n`)
  }

  /** Something that a person may want to see, and that is as it should be. */
  note(what: string, detail: string): void {
    this.add(`${JSON.stringify({ at: new Date(this.now()).toISOString(), note: what, detail })}\n`)
  }

  flush(): void {
    if (this.timer !== undefined) clearTimeout(this.timer)
    this.timer = undefined
    const text = this.buffer
    this.buffer = ''
    if (text !== '') this.sink(text)
  }

  private add(text: string): void {
    this.buffer += text
    if (this.buffer.length > BUFFER_CHARS_MAX) this.flush()
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS)
  }
}
