import type { Message } from '../../core/call.ts'
import { asString } from '../../core/json.ts'
import { WaitingCalls } from '../waiting-calls.ts'
import type { Generation } from './generations.ts'
import { callId, type Block, type Notes, type Turn } from './wire.ts'
import { resultsBroughtLater, writeAssistant, type AssistantContext } from './write-assistant.ts'
import { cacheMark, writeContent } from './write-parts.ts'

/** The system prompt and the turns of a request. */
export interface Conversation { readonly system: Block[]; readonly turns: Turn[] }

/** Anthropic wants a user's turn where the client has none. */
const BEGIN = 'Begin.'
const CONTINUE = 'Continue your last message exactly where it ends, without repeating any of it.'
const NO_RESULT = 'No result was given for this call.'

/**
 * The contract's messages as Anthropic's (B50–B57). Leading system messages become the system prompt; later ones keep
 * their place, as system turns where the model takes them there and as marked user text where not. Turns of one role
 * are joined, every tool call gets its result right after it, and what Anthropic would refuse is mended with a warning.
 * `signer`: who signs thoughts where it is not Anthropic.
 */
export function writeMessages(messages: readonly Message[], generation: Generation, prefill: boolean, notes: Notes, signer?: string): Conversation {
  const firstTurn = messages.findIndex((message) => !isSystem(message))
  const lead = firstTurn === -1 ? messages.length : firstTurn
  const system = messages.slice(0, lead).flatMap((message, index) => onlyInstructions(writeNamed(message, index, notes), notes))
  const draft = new Draft(notes, generation.midSystem, resultsBroughtLater(messages), signer)
  for (let index = lead; index < messages.length; index++) {
    const message = messages[index]
    if (message) draft.add(message, index, index === messages.length - 1)
  }
  draft.closeCalls()
  const turns = placed(draft.turns, notes)
  if (turns.length === 0) begin(turns, notes)
  endWell(turns, prefill, notes)
  return { system, turns }
}

const INSTRUCTIONS = new Set(['text', 'tool_addition', 'tool_removal'])

function onlyInstructions(blocks: readonly Block[], notes: Notes): Block[] {
  const kept = blocks.filter((block) => INSTRUCTIONS.has(block.type))
  if (kept.length < blocks.length) notes.warn('messages', 'this provider takes only text in system messages; the rest was left out')
  return kept
}

function isSystem(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer'
}

/** A message's content, its `name` said before it (B50), its own cache mark on its last block. */
function writeNamed(message: Message, index: number, notes: Notes): Block[] {
  const blocks = writeContent(message.content, `messages[${index}].content`, notes)
  const first = blocks.find((block) => block.type === 'text')
  if (message.name && first) first['text'] = `${message.name}: ${asString(first['text']) ?? ''}`
  const mark = cacheMark(message, notes)
  const last = blocks.at(-1)
  if (mark && last && last['cache_control'] === undefined) last['cache_control'] = mark
  return blocks
}

/** Turns as they are being written, and the tool calls that still wait for their results. */
class Draft {
  readonly turns: Turn[] = []
  private readonly calls = new WaitingCalls(callId)

  constructor(private readonly notes: Notes, private readonly midSystem: boolean, private readonly answeredLater: ReadonlySet<string>, private readonly signer: string | undefined) {}

  add(message: Message, index: number, isLast: boolean): void {
    switch (message.role) {
      case 'system': case 'developer': return this.addSystem(message, index)
      case 'assistant': return this.addAssistant(message, index, isLast)
      case 'tool': case 'function': return this.addResult(message, index)
      default: return this.addUser(message, index)
    }
  }

  /** Anthropic refuses text of nothing but blanks; without it the message before becomes the last, and means another thing there. */
  private addUser(message: Message, index: number): void {
    const blocks = writeNamed(message, index, this.notes)
    if (blocks.length === 0) this.notes.warn(`messages[${index}]`, 'says nothing, and this provider takes no empty message; it was left out')
    this.append('user', blocks)
  }

  private addSystem(message: Message, index: number): void {
    const blocks = writeNamed(message, index, this.notes)
    if (this.midSystem) return this.append('system', onlyInstructions(blocks, this.notes))
    this.append('user', demoted(blocks, this.notes))
  }

  private addAssistant(message: Message, index: number, isLast: boolean): void {
    this.closeCalls()
    const context: AssistantContext = { answeredLater: this.answeredLater, isLast, signer: this.signer, nameCall: (id) => this.calls.add(id) }
    const blocks = writeAssistant(message, `messages[${index}]`, context, this.notes)
    const text = blocks.find((block) => block.type === 'text')
    if (message.name && text) text['text'] = `${message.name}: ${asString(text['text']) ?? ''}`
    this.append('assistant', blocks)
  }

  private addResult(message: Message, index: number): void {
    const id = (message.role === 'function' ? message.name : message.tool_call_id) ?? ''
    const content = writeContent(message.content, `messages[${index}].content`, this.notes)
    const call = this.calls.answer(id)
    if (call === undefined) {
      this.notes.warn(`messages[${index}]`, 'answers no tool call of the message before it; it is sent as text of the user')
      return this.append('user', [{ type: 'text', text: `Result of the tool call ${id}:` }, ...content])
    }
    this.append('user', [resultBlock(call, message, content, this.notes)])
  }

  /** Every call must be answered in the turn after it: one that is not, gets a result that says so. */
  closeCalls(): void {
    for (const id of this.calls.close()) {
      this.append('user', [{ type: 'tool_result', tool_use_id: id, content: NO_RESULT, is_error: true }])
      this.notes.warn('messages', 'a tool call has no tool message that answers it; its result is sent as missing')
    }
  }

  private append(role: Turn['role'], blocks: readonly Block[]): void {
    if (blocks.length > 0) join(this.turns, role, blocks)
  }
}

function join(turns: Turn[], role: Turn['role'], blocks: readonly Block[]): void {
  const last = turns.at(-1)
  if (last?.role === role) last.content.push(...blocks)
  else turns.push({ role, content: [...blocks] })
}

/** Marks inside a result are not taken, so the last of them stands on the result itself. */
function resultBlock(id: string, message: Message, content: Block[], notes: Notes): Block {
  const block: Block = { type: 'tool_result', tool_use_id: id }
  let mark = cacheMark(message, notes)
  for (const inner of content) {
    mark ??= inner['cache_control'] as typeof mark
    delete inner['cache_control']
  }
  const only = content.length === 1 && content[0]?.type === 'text' && typeof message.content === 'string' ? content[0]['text'] : undefined
  if (content.length > 0) block['content'] = only ?? content
  if (message['is_error'] === true) block['is_error'] = true
  if (mark) block['cache_control'] = mark
  return block
}

function demoted(blocks: readonly Block[], notes: Notes): Block[] {
  if (blocks.length > 0) notes.warn('messages', 'a system message in mid-conversation is sent as marked text of the user: it cannot be said there to this model')
  return blocks.map((block) => (block.type === 'text' ? { ...block, text: `<system>\n${asString(block['text']) ?? ''}\n</system>` } : block))
}

/** System turns stand after a user's and before an assistant's turn, or last; those that do not become text of the user. */
function placed(drafted: readonly Turn[], notes: Notes): Turn[] {
  const turns: Turn[] = []
  drafted.forEach((turn, at) => {
    const next = drafted[at + 1]
    if (turn.role !== 'system') return join(turns, turn.role, turn.content)
    const fits = turns.at(-1)?.role === 'user' && (next === undefined || next.role === 'assistant')
    join(turns, fits ? 'system' : 'user', fits ? turn.content : demoted(turn.content, notes))
  })
  for (const turn of turns) if (turn.role === 'user') resultsFirst(turn)
  return turns
}

/** Within a turn, results stand before everything else. */
function resultsFirst(turn: Turn): void {
  if (turn.content.every((block) => block.type !== 'tool_result')) return
  turn.content = [...turn.content.filter((block) => block.type === 'tool_result'), ...turn.content.filter((block) => block.type !== 'tool_result')]
}

/** A conversation may begin with the assistant, but not be empty, as one of nothing but system messages is. */
function begin(turns: Turn[], notes: Notes): void {
  turns.push({ role: 'user', content: [{ type: 'text', text: BEGIN }] })
  notes.warn('messages', `this provider needs a message beside the system prompt; the user says "${BEGIN}"`)
}

/** A last message of the assistant is continued (B51) where the model can; elsewhere the user asks it to. */
function endWell(turns: Turn[], prefill: boolean, notes: Notes): void {
  const turn = turns.at(-1)
  const block = turn?.content.at(-1)
  if (turn?.role !== 'assistant' || !block) return
  // A paused turn goes on from its unanswered server tool.
  if (block.type === 'server_tool_use' || block.type === 'mcp_tool_use') return
  if (prefill && block.type === 'text') {
    // Anthropic refuses blanks at the end of what it is to continue.
    const text = asString(block['text']) ?? ''
    block['text'] = text.trimEnd()
    if (block['text'] !== text) notes.warn('messages', 'this provider takes no blanks at the end of what it is to continue; they were left out')
    return
  }
  turns.push({ role: 'user', content: [{ type: 'text', text: CONTINUE }] })
  notes.warn('messages', 'this model does not continue a last message of the assistant; the user asks it to')
}
