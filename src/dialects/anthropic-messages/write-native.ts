import type { Call } from '../../core/call.ts'
import { asArray, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'
import { hashedUser } from '../../core/user.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import { generationOf } from './generations.ts'
import { isSignedBy, signerOfMessages, unsigned } from '../signer.ts'
import { WireIds } from '../wire-ids.ts'
import { isSealed } from './seal.ts'
import { noThinking } from './write-thinking.ts'
import { callId, type Notes } from './wire.ts'

/** Fields that are said to us and to no provider. */
const OURS = ['models', 'fallbacks', 'provider', 'route', 'plugins', 'preset', 'transforms', 'session_id', 'trace', 'debug', 'user', 'metadata', 'service_tier', 'speed', 'stop_server_tools_when']

/** The client's own request for a provider of the same dialect: all of it as it came, but for what is ours and what that provider would refuse. */
export function nativeBody(call: Call, native: JsonObject, endpoint: Endpoint, notes: Notes): JsonObject {
  const body: JsonObject = { ...native, model: endpoint.upstreamId }
  for (const field of OURS) delete body[field]
  if (asObject(native['thinking'])?.['type'] === 'disabled' && generationOf(endpoint).thinkingMandatory) leastThinking(body, call, endpoint, notes)
  const metadata = asObject(native['metadata'])
  const user = call.body.user
  if (metadata || user) body['metadata'] = { ...metadata, ...(user ? { user_id: hashedUser(user) } : {}) }
  const messages = asArray(native['messages'])
  const mended = messages && mendMessages(messages, signerOfMessages(endpoint), notes)
  if (!mended || mended === messages) return body
  body['messages'] = mended
  if (asObject(native['thinking'])?.['type'] === 'enabled' && answersWithoutThinking(mended)) {
    notes.warn('thinking', 'the tool calls being answered are another model’s, so the model cannot think by a budget in this turn')
    delete body['thinking']
  }
  return body
}

/** The client wants no thinking from a model that cannot do without: what its own family's newest can do is the least (C57). */
function leastThinking(body: JsonObject, call: Call, endpoint: Endpoint, notes: Notes): void {
  const { thinking, effort } = noThinking(call, generationOf(endpoint), call.needs.maxTokens ?? endpoint.outputMax ?? Infinity, notes)
  if (thinking) body['thinking'] = thinking
  else delete body['thinking']
  if (effort !== undefined) body['output_config'] = { ...asObject(body['output_config']), effort }
}

/** With a thinking budget, the message whose tool calls are being answered must begin with thinking, or Anthropic refuses. */
function answersWithoutThinking(messages: readonly Json[]): boolean {
  const last = asObject(messages.at(-1))
  const blocks = asArray(last?.['content']) ?? []
  if (last?.['role'] !== 'user' || !blocks.some((block) => asObject(block)?.['type'] === 'tool_result')) return false
  const asked = asObject((asArray(asObject(messages.at(-2))?.['content']) ?? [])[0])?.['type']
  return asked !== 'thinking' && asked !== 'redacted_thinking'
}

/** What other models said in a conversation that now goes to Anthropic. The list itself where there is nothing to mend, as is the rule. */
function mendMessages(messages: readonly Json[], signer: string | undefined, notes: Notes): readonly Json[] {
  const ids = new Renamed()
  let isMended = false
  const mended = messages.flatMap((message): Json[] => {
    const content = isObject(message) ? asArray(message['content']) : undefined
    if (!isObject(message) || !content) return [message]
    if (content.length === 0 && message['role'] === 'assistant') {
      isMended = true
      return []
    }
    const blocks = content.flatMap((block) => mendBlock(block, message['role'] === 'assistant', signer, ids, notes))
    if (blocks.length === content.length && blocks.every((block, at) => block === content[at])) return [message]
    isMended = true
    const said = message['role'] === 'assistant' ? withoutTrailingThoughts(blocks, notes) : blocks
    return said.length > 0 ? [{ ...message, content: said }] : []
  })
  return isMended ? mended : messages
}

/** Where what followed them is gone: Anthropic refuses a message that ends in thinking. */
function withoutTrailingThoughts(blocks: readonly Json[], notes: Notes): readonly Json[] {
  const end = blocks.findLastIndex((block) => !/^(?:redacted_)?thinking$/.test(String(asObject(block)?.['type']))) + 1
  if (end < blocks.length) notes.warn('messages', 'reasoning that nothing follows is not taken back and was left out')
  return blocks.slice(0, end)
}

function mendBlock(block: Json, isAssistant: boolean, signer: string | undefined, ids: Renamed, notes: Notes): readonly Json[] {
  if (!isObject(block)) return [block]
  switch (block['type']) {
    case 'thinking': return isAssistant ? mendThought(block, 'signature', signer, notes) : [block]
    case 'redacted_thinking': return mendThought(block, 'data', signer, notes)
    // Models write blanks before they call a tool; Anthropic gives them and does not take them back.
    case 'text': return isAssistant && asString(block['text'])?.trim() === '' ? [] : [block]
    case 'image':
      if (!isAssistant) return [block]
      notes.warn('messages', 'this provider takes no image from the assistant; it was left out')
      return []
    case 'tool_use': return [renamed(block, 'id', ids)]
    case 'tool_result': return [renamed(block, 'tool_use_id', ids)]
    default: return [block]
  }
}

/** A thought of this provider's own as it wrote it. One without a signature is of somebody who does not sign: Anthropic always does. */
function mendThought(block: JsonObject, field: 'signature' | 'data', signer: string | undefined, notes: Notes): readonly Json[] {
  const opaque = asString(block[field]) ?? ''
  if (opaque === '' && field === 'signature') return signer === undefined ? without(notes) : [block]
  if (isSealed(opaque) || !isSignedBy(opaque, signer)) return without(notes)
  const plain = unsigned(opaque)
  return [plain === opaque ? block : { ...block, [field]: plain }]
}

function without(notes: Notes): readonly Json[] {
  notes.warn('messages', 'reasoning of another provider cannot be read by this one and was left out')
  return []
}

const ID = /^[a-zA-Z0-9_-]+$/

/** Ids that other providers gave may have signs that Anthropic does not take: each has another, the same wherever it stands. */
class Renamed {
  private readonly names = new Map<string, string>()
  private readonly ids = new WireIds(callId)

  of(id: string): string {
    let name = this.names.get(id)
    if (name === undefined) this.names.set(id, name = this.ids.next(id))
    return name
  }
}

function renamed(block: JsonObject, field: string, ids: Renamed): JsonObject {
  const id = asString(block[field])
  return id === undefined || ID.test(id) ? block : { ...block, [field]: ids.of(id) }
}

/** The betas that a request of the client's own needs, where its header names none of the kind. */
export function addBetas(wanted: readonly string[], header: string | undefined, notes: Notes): void {
  const named = new Set((header ?? '').split(',').map((beta) => kindOf(beta.trim())))
  for (const beta of wanted) if (!named.has(kindOf(beta))) notes.betas.add(beta)
}

/** `mcp-client` of `mcp-client-2025-11-20`. */
function kindOf(beta: string): string {
  return beta.replace(/-\d{4}-\d{2}-\d{2}$/, '')
}
