import { createHash } from 'node:crypto'
import type { Message } from '../../core/call.ts'
import type { Notes } from '../anthropic-messages/wire.ts'
import { WaitingCalls } from '../waiting-calls.ts'
import type { Family } from './families.ts'
import { writeAssistant } from './write-assistant.ts'
import { cachePoint, writeContent } from './write-content.ts'
import type { Block, Turn } from './wire.ts'

/** The system prompt and the turns of a request. */
export interface Conversation { readonly system: Block[]; readonly turns: Turn[] }

/** What Converse wants where the client has nothing. */
const BEGIN = 'Begin.'
const CONTINUE = 'Continue your last message exactly where it ends, without repeating any of it.'
const NO_RESULT = 'No result was given for this call.'
const SEE_FILE = 'See the attached file.'
const NO_OUTPUT = 'No output.'

export interface ConversationOptions {
  readonly family: Family
  /** A last message of the assistant may stand. */
  readonly prefill: boolean
  /** The request has no tools, so calls and results in the history can only be told. */
  readonly toolsTold: boolean
}

/**
 * The contract's messages (B50–B57) as Converse's: user and assistant by turns, every call answered in the turn after it,
 * leading system messages apart. What Converse would refuse is mended, with a warning.
 */
export function writeMessages(messages: readonly Message[], options: ConversationOptions, notes: Notes): Conversation {
  const firstTurn = messages.findIndex((message) => !isSystem(message))
  const lead = firstTurn === -1 ? messages.length : firstTurn
  const system = messages.slice(0, lead).flatMap((message, index) => onlyText(writeNamed(message, index, options.family, notes), notes))
  const draft = new Draft(options, notes)
  for (const [index, message] of messages.entries()) if (index >= lead) draft.add(message, index)
  draft.closeCalls()
  const turns = options.family.resultsAlone ? draft.turns.flatMap(apart) : draft.turns
  for (const turn of turns) accompany(turn)
  begin(turns, options.family, notes)
  endWell(turns, options.prefill, notes)
  return { system, turns }
}

function isSystem(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer'
}

function onlyText(blocks: readonly Block[], notes: Notes): Block[] {
  const kept = blocks.filter((block) => block['text'] !== undefined || block['cachePoint'] !== undefined)
  if (kept.length < blocks.length) notes.warn('messages', 'this provider takes only text in system messages; the rest was left out')
  return kept
}

/** A message's content, its `name` said before it (B50), its own cache mark behind it. */
function writeNamed(message: Message, index: number, family: Family, notes: Notes): Block[] {
  const blocks = writeContent(message.content, `messages[${index}].content`, family.caches, notes)
  const first = blocks.find((block) => typeof block['text'] === 'string')
  if (message.name && first) first['text'] = `${message.name}: ${String(first['text'])}`
  if (blocks.length > 0 && !blocks.at(-1)?.['cachePoint']) blocks.push(...cachePoint(message, family.caches, notes))
  return blocks
}

/** Turns as they are being written, and the tool calls that still wait for their results. */
class Draft {
  readonly turns: Turn[] = []
  private readonly calls = new WaitingCalls((id, nth) => this.callId(id, nth))

  constructor(private readonly options: ConversationOptions, private readonly notes: Notes) {}

  add(message: Message, index: number): void {
    const { family } = this.options
    switch (message.role) {
      case 'system': case 'developer': return this.append('user', this.demoted(writeNamed(message, index, family, this.notes)))
      case 'assistant':
        this.closeCalls()
        return this.append('assistant', writeAssistant(message, `messages[${index}]`, { ...this.options, nameCall: (id) => this.calls.add(id) }, this.notes))
      case 'tool': case 'function': return this.addResult(message, index)
      default: return this.addUser(message, index)
    }
  }

  /** Converse refuses text of nothing but blanks; without it the message before becomes the last, and means another thing there. */
  private addUser(message: Message, index: number): void {
    const blocks = writeNamed(message, index, this.options.family, this.notes)
    if (blocks.length === 0) this.notes.warn(`messages[${index}]`, 'says nothing, and this provider takes no empty message; it was left out')
    this.append('user', blocks)
  }

  private demoted(blocks: readonly Block[]): Block[] {
    if (blocks.length > 0) this.notes.warn('messages', 'a system message in mid-conversation is sent as marked text of the user: it cannot be said there to this model')
    return blocks.map((block) => (typeof block['text'] === 'string' ? { text: `<system>\n${block['text']}\n</system>` } : block))
  }

  /** What may be a call's id on the wire: letters, digits, _ and -, at most 64. */
  private callId(id: string, nth: number): string {
    if (this.options.family.shortToolIds) return nineSigns(nth === 1 ? id : `${id} ${nth}`)
    const base = id.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 60) || 'call'
    return nth === 1 ? base : `${base}_${nth}`
  }

  private addResult(message: Message, index: number): void {
    const id = (message.role === 'function' ? message.name : message.tool_call_id) ?? ''
    const { family, toolsTold } = this.options
    const content = writeContent(message.content, `messages[${index}].content`, family.caches, this.notes)
    if (toolsTold) return this.append('user', [{ text: `Result of the tool call ${id}:` }, ...content])
    const call = this.calls.answer(id)
    if (call === undefined) {
      this.notes.warn(`messages[${index}]`, 'answers no tool call of the message before it; it is sent as text of the user')
      return this.append('user', [{ text: `Result of the tool call ${id}:` }, ...content])
    }
    const fits = (block: Block) => block['text'] !== undefined || Object.keys(block).some((kind) => family.inResults.has(kind))
    const point = content.findLast((block) => block['cachePoint']) ?? cachePoint(message, family.caches, this.notes)[0]
    const inside = content.filter(fits)
    const result = { toolUseId: call, content: inside.length > 0 ? inside : [{ text: content.length > 0 ? SEE_FILE : NO_OUTPUT }], status: message['is_error'] === true ? 'error' : 'success' }
    const beside = content.filter((block) => !fits(block) && !block['cachePoint'])
    this.append('user', [{ toolResult: result }, ...(point ? [point] : []), ...beside])
  }

  /** Every call must be answered in the turn after it: one that is not, gets a result that says so. */
  closeCalls(): void {
    for (const id of this.calls.close()) {
      this.append('user', [{ toolResult: { toolUseId: id, content: [{ text: NO_RESULT }], status: 'error' } }])
      this.notes.warn('messages', 'a tool call has no tool message that answers it; its result is sent as missing')
    }
  }

  private append(role: Turn['role'], blocks: readonly Block[]): void {
    if (blocks.length === 0) return
    const last = this.turns.at(-1)
    if (last?.role === role) last.content.push(...blocks)
    else this.turns.push({ role, content: [...blocks] })
  }
}

function nineSigns(id: string): string {
  return /^[A-Za-z0-9]{9}$/.test(id) ? id : createHash('sha256').update(id).digest('hex').slice(0, 9)
}

/** A turn with results and more becomes two, with a word of the assistant between them. */
function apart(turn: Turn): Turn[] {
  const results = turn.content.filter((block) => block['toolResult'])
  const rest = turn.content.filter((block) => !block['toolResult'])
  if (results.length === 0 || rest.length === 0) return [turn]
  return [{ role: 'user', content: results }, { role: 'assistant', content: [{ text: '.' }] }, { role: 'user', content: rest }]
}

/** Results stand first in their turn; a document needs some text beside it. */
function accompany(turn: Turn): void {
  if (turn.role !== 'user') return
  if (turn.content.some((block) => block['toolResult'])) turn.content.sort((a, b) => rank(a) - rank(b))
  if (turn.content.some((block) => block['document']) && !turn.content.some((block) => block['text'] !== undefined || block['toolResult'])) turn.content.push({ text: SEE_FILE })
}

function rank(block: Block): number {
  return block['toolResult'] ? 0 : 1
}

/** Converse refuses a conversation that the assistant begins, but for Claude, as a recording shows. */
function begin(turns: Turn[], family: Family, notes: Notes): void {
  if (turns.length > 0 && (turns[0]?.role === 'user' || family.startsAnywhere)) return
  notes.warn('messages', turns.length === 0 ? `this provider needs a message beside the system prompt; the user says "${BEGIN}"` : `this provider's conversations begin with the user, who says "${BEGIN}"`)
  turns.unshift({ role: 'user', content: [{ text: BEGIN }] })
}

/** A last message of the assistant is continued (B51) where the model can; elsewhere the user asks it to. */
function endWell(turns: Turn[], prefill: boolean, notes: Notes): void {
  const turn = turns.at(-1)
  const block = turn?.content.at(-1)
  if (turn?.role !== 'assistant' || !block) return
  if (prefill && typeof block['text'] === 'string') {
    // Blanks at the end of what is to be continued are refused.
    block['text'] = block['text'].trimEnd()
    return
  }
  turns.push({ role: 'user', content: [{ text: CONTINUE }] })
  notes.warn('messages', 'this model does not continue a last message of the assistant; the user asks it to')
}
