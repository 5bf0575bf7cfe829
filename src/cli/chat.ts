import { asCount, type JsonObject } from '../core/json.ts'
import { parseUsd, sayUsd } from '../core/nano.ts'
import { askServer, type ChatAnswer, type ChatMessage, type ChatServer, type Listener } from './chat-answer.ts'
import { CliError, usageError, type Command, type Invocation } from './command.ts'
import type { CliContext, Terminal } from './context.ts'
import { paint, printable } from './paint.ts'

const MODEL_DEFAULT = 'demo/writer'
const EXIT_INTERRUPTED = 130
const COMMANDS_HELP = '/model <id> another model · /system <text> instructions · /clear forget the conversation · /quit leave · \\ at the end of a line: more follows'

/** `switchyard chat`. */
export const chatCommand: Command = {
  name: 'chat', summary: 'talk to a model through the running server', words: ['[prompt…]'],
  about: `With a prompt it answers once; a prompt of - is standard input, and so is no prompt at all when something is piped in. Without one it is a conversation: ${COMMANDS_HELP}. Ctrl-c stops an answer. Tokens and cost of each answer go to standard error, so that standard output is the answer alone.`,
  flags: {
    model: { value: '<id>', short: 'm', what: `model to ask (default ${MODEL_DEFAULT})` },
    url: { value: '<url>', what: 'the server (default: the one on this machine, by --port)' },
    key: { value: '<key>', short: 'k', what: 'API key (SWITCHYARD_KEY)' },
    system: { value: '<text>', short: 's', what: 'instructions before the conversation' },
    effort: { value: '<effort>', what: 'how much to reason: none, minimal, low, medium, high, xhigh, max' },
    'max-tokens': { value: '<n>', what: 'length of an answer at most' },
    quiet: { short: 'q', what: 'no line with tokens and cost' },
  },
  examples: [
    ['switchyard chat', 'a conversation with the built-in demo'],
    ['switchyard chat -m anthropic/claude-sonnet-4.5', 'with a real model, once its provider is ready'],
    ['switchyard chat -m demo/echo "hello"', 'one answer'],
    ['git diff | switchyard chat -m openai/gpt-5-mini "Write a commit message:" -', 'a prompt with standard input in it'],
  ],
  async run(invocation) {
    const session = new Session(invocation)
    const prompt = await promptOf(invocation)
    if (prompt !== undefined) return await session.once(prompt, invocation.json)
    if (invocation.json) throw usageError('--json needs a prompt', 'as in: switchyard chat --json "hello"')
    return await session.converse()
  },
}

/** The prompt of a call that answers once; undefined for a conversation. */
async function promptOf({ words, context }: Invocation): Promise<string | undefined> {
  const { input } = context.terminal
  if (words.length === 0 && input.isTty) return undefined
  const piped = words.length === 0 || words.includes('-') ? (await input.text()).trimEnd() : ''
  const prompt = words.length === 0 ? piped : words.map((word) => (word === '-' ? `\n\n${piped}` : word)).join(' ').trim()
  if (prompt === '') throw usageError('the prompt is empty', 'as in: switchyard chat "hello"')
  return prompt
}

/** A conversation with one server. */
class Session {
  private readonly terminal: Terminal
  private readonly context: CliContext
  private readonly server: ChatServer
  private readonly settings: JsonObject
  private readonly quiet: boolean
  private model: string
  private system: string | undefined
  private history: ChatMessage[] = []

  constructor(invocation: Invocation) {
    this.context = invocation.context
    this.terminal = invocation.context.terminal
    this.server = { url: urlOf(invocation), key: keyOf(invocation), fetch: invocation.context.fetch }
    this.settings = settingsOf(invocation)
    this.quiet = invocation.isOn('quiet')
    this.model = invocation.text('model') ?? MODEL_DEFAULT
    this.system = invocation.text('system')
  }

  async once(prompt: string, json: boolean): Promise<number> {
    const answer = await this.ask(prompt, json ? SILENT : this.listener())
    if (!json) return answer.interrupted ? EXIT_INTERRUPTED : 0
    const { text: content, reasoning, model, provider, finish, usage } = answer
    this.terminal.out.write(`${JSON.stringify({ model, provider, content, reasoning: reasoning === '' ? null : reasoning, finish_reason: finish, usage }, null, 2)}\n`)
    return answer.interrupted ? EXIT_INTERRUPTED : 0
  }

  async converse(): Promise<number> {
    const { out, err, input } = this.terminal
    out.write(paint(out, 'dim', `${this.model} at ${this.server.url} · ${COMMANDS_HELP}\n`))
    let begun = ''
    for await (const line of input.lines('> ')) {
      if (line.endsWith('\\')) {
        begun += `${line.slice(0, -1)}\n`
        continue
      }
      const text = (begun + line).trim()
      begun = ''
      if (text === '/quit' || text === '/exit') return 0
      if (text.startsWith('/')) err.write(`${paint(err, 'dim', this.command(text))}\n`)
      else if (text !== '') await this.turn(text)
    }
    out.write('\n')
    return 0
  }

  private async turn(text: string): Promise<void> {
    const { err } = this.terminal
    try {
      await this.ask(text, this.listener())
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      err.write(`${paint(err, 'red', 'error:')} ${printable(error.message)}\n${error.help ? `${error.help}\n` : ''}`)
    }
  }

  /** Asks, shows, and remembers both sides; what failed is not remembered. */
  private async ask(text: string, listener: Listener): Promise<ChatAnswer> {
    const startMs = this.context.clock.monotonicMs()
    const left = new AbortController()
    const off = this.terminal.onInterrupt(() => left.abort())
    const question: ChatMessage = { role: 'user', content: text }
    const system: ChatMessage[] = this.system === undefined ? [] : [{ role: 'system', content: this.system }]
    let answer: ChatAnswer
    try {
      answer = await askServer(this.server, { ...this.settings, model: this.model, messages: [...system, ...this.history, question] }, left.signal, listener)
    } finally {
      off()
      listener.end()
    }
    if (answer.text !== '') this.history.push(question, { role: 'assistant', content: answer.text })
    if (listener !== SILENT) this.sayEnd(answer, this.context.clock.monotonicMs() - startMs)
    return answer
  }

  private listener(): Screen {
    return new Screen(this.terminal)
  }

  private sayEnd(answer: ChatAnswer, elapsedMs: number): void {
    const { err } = this.terminal
    const parts = [answer.model ?? this.model, ...usageParts(answer.usage), `${(elapsedMs / 1000).toFixed(1)} s`]
    if (answer.interrupted) parts.push('stopped')
    else if (answer.finish !== 'stop') parts.push(`finish: ${answer.finish}`)
    if (!this.quiet) err.write(`${paint(err, 'dim', parts.map(printable).join(' · '))}\n`)
  }

  private command(text: string): string {
    const [name, ...rest] = text.split(/\s+/)
    const value = rest.join(' ')
    if (name === '/model' && value !== '') this.model = value
    else if (name === '/system') this.system = value === '' ? undefined : value
    else if (name === '/clear') this.history = []
    else if (name !== '/model') return COMMANDS_HELP
    return name === '/system' ? `instructions: ${this.system ?? 'none'}` : name === '/clear' ? 'forgotten' : `model: ${this.model}`
  }
}

const SILENT: Listener = { text: () => undefined, reasoning: () => undefined, end: () => undefined }

/** Shows an answer as it comes: reasoning dim, and only to people. */
class Screen implements Listener {
  private thinking = false
  private begun = false

  constructor(private readonly terminal: Terminal) {}

  reasoning(piece: string): void {
    const { out } = this.terminal
    if (!out.isTty) return
    this.thinking = true
    this.begun = true
    out.write(paint(out, 'dim', printable(piece)))
  }

  text(piece: string): void {
    const { out } = this.terminal
    // Sets what was thought apart from what is said.
    if (this.thinking) out.write('\n\n')
    this.thinking = false
    this.begun = true
    out.write(out.isTty ? printable(piece) : piece)
  }

  /** The answer is over, whole or not: what follows begins on a line of its own. */
  end(): void {
    if (this.begun) this.terminal.out.write('\n')
    this.begun = false
  }
}

function usageParts(usage: JsonObject | undefined): string[] {
  if (!usage) return []
  const cost = asCount(usage['cost'])
  const amount = cost === undefined ? undefined : parseUsd(String(cost))
  return [`${asCount(usage['prompt_tokens']) ?? 0} + ${asCount(usage['completion_tokens']) ?? 0} tokens`, ...(amount === undefined ? [] : [sayUsd(amount)])]
}

function urlOf({ text, config }: Invocation): string {
  const host = ['0.0.0.0', '::', ''].includes(config.host) ? '127.0.0.1' : config.host
  const url = text('url') ?? `http://${host.includes(':') ? `[${host}]` : host}:${config.port}`
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw usageError('--url must be an address like http://localhost:8787')
  return url.replace(/\/+$/, '').replace(/(?:\/api)?\/v1$/, '')
}

function keyOf({ text, config }: Invocation): string {
  const key = text('key') ?? config.firstKey
  if (key === undefined) throw usageError('chat needs a key: --key or SWITCHYARD_KEY', 'The first start of the server printed one. Make another: switchyard keys create')
  return key
}

function settingsOf({ text }: Invocation): JsonObject {
  const effort = text('effort')
  const tokens = text('max-tokens')
  if (tokens !== undefined && !/^[1-9]\d{0,8}$/.test(tokens)) throw usageError('--max-tokens must be a whole number of at least 1')
  return { ...(effort !== undefined && { reasoning: { effort } }), ...(tokens !== undefined && { max_tokens: Number(tokens) }) }
}
