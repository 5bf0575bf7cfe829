import type { JsonObject } from '../../src/core/json.ts'
import type { Exchange } from './exchange.ts'
import { listOf, objectOf, textOf } from './meaning.ts'
import { meaningOfMistral } from './mistral-meaning.ts'
import type { Seen } from './provider.ts'
import { replay } from './suite.ts'

replay({
  recordings: 'mistral.chat',
  dialect: 'mistral',
  meaningOf: meaningOfMistral,
  problemsOfRequest,
  pathOf: () => '/chat/completions',
  authOf: (credential) => ['authorization', `Bearer ${credential}`],
})

const PARTS = new Set(['text', 'image_url', 'document_url', 'input_audio', 'thinking', 'file'])

/** What Mistral would find wrong with the request: its fields, the ids of calls, its own words. */
function problemsOfRequest(seen: Seen, exchange: Exchange): string[] {
  const problems: string[] = []
  const body = seen.body ?? {}
  const known = new Set([...Object.keys(exchange.request.body ?? {}), 'model', 'messages', 'stream', 'max_tokens', 'reasoning_effort'])
  for (const field in body) if (!known.has(field)) problems.push(`${field}: extra inputs are not permitted`)
  if (body['tool_choice'] === 'required') problems.push('tool_choice: any is the word')
  for (const [at, message] of listOf(body['messages']).entries()) {
    if (message['role'] === 'developer') problems.push(`messages[${at}].role`)
    for (const part of listOf(message['content'])) if (!PARTS.has(textOf(part['type']))) problems.push(`messages[${at}].content: ${textOf(part['type'])}`)
    const ids = [...listOf(message['tool_calls']).map((call) => call['id']), ...(message['role'] === 'tool' ? [message['tool_call_id']] : [])]
    for (const id of ids) if (typeof id !== 'string' || !/^[A-Za-z0-9]{9}$/.test(id)) problems.push(`messages[${at}]: tool call id ${JSON.stringify(id)} must be nine letters and digits`)
  }
  return [...problems, ...lost(body, exchange.request.body)]
}

/** Fields of the recorded request that the gateway's lacks. */
function lost(body: JsonObject, recorded: JsonObject | null): string[] {
  const kept = (field: string): boolean => body[field] !== undefined || recorded?.[field] === null || field === 'prompt_mode' || field === 'safe_prompt'
  const files = (request: JsonObject | null): number => listOf(request?.['messages']).flatMap((message) => listOf(message['content'])).filter((part) => objectOf(part)['type'] !== 'text').length
  return [...Object.keys(recorded ?? {}).filter((field) => !kept(field)).map((field) => `${field}: lost`), ...(recorded && files(body) < files(recorded) ? ['images and documents: lost'] : [])]
}
