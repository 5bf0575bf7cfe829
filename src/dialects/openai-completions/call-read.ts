import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { refuse } from '../openai-chat/check.ts'
import { readCall } from '../openai-chat/call-read.ts'

const LOGPROBS_MAX = 5

/**
 * Reads a legacy text completion (contract A4): its prompt is one message of the user, its parameters are those of chat.
 * `native` is the request itself: its writer says the prompt first where `echo` asks for it. Throws Fault naming the field.
 */
export function readCompletion(sent: JsonObject, origin: CallOrigin): Call {
  const { prompt, echo, suffix, best_of: bestOf, logprobs, messages, ...rest } = sent
  if (messages !== undefined) throw wrong('messages', 'this endpoint takes a prompt; POST /api/v1/chat/completions takes messages')
  const text = readPrompt(prompt)
  if (typeof suffix === 'string' ? suffix !== '' : isSaid(suffix)) throw wrong('suffix', 'models that chat cannot fill in before a suffix; leave it out, and say in the prompt what follows')
  if (isSaid(echo) && typeof echo !== 'boolean') refuse('echo', 'true or false', echo)
  if (isSaid(bestOf) && bestOf !== (sent['n'] ?? 1)) throw wrong('best_of', 'choosing among more completions than are returned is not available; leave it out, or ask for all of them by n')
  const call = readCall({ ...rest, ...readLogprobs(logprobs, echo === true), messages: [{ role: 'user', content: text }] }, origin)
  return { ...call, api: 'completions', dialect: 'openai-completions', native: { ...sent, prompt: text } }
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null
}

function readPrompt(prompt: Json | undefined): string {
  if (typeof prompt === 'string') return prompt
  if (!Array.isArray(prompt) || prompt.length === 0) refuse('prompt', 'a string', prompt)
  if (prompt.some((one) => typeof one === 'number' || Array.isArray(one))) throw wrong('prompt', 'tokens by their numbers mean something to one model only; send text')
  if (prompt.length > 1) throw wrong('prompt', `has ${prompt.length} prompts; one request takes one prompt, so send a request for each`)
  const [only] = prompt
  return typeof only === 'string' ? only : refuse('prompt[0]', 'a string', only)
}

/** A number of alternatives, where chat has a switch and a number. */
function readLogprobs(logprobs: Json | undefined, echo: boolean): JsonObject {
  if (!isSaid(logprobs)) return {}
  if (typeof logprobs !== 'number' || !Number.isSafeInteger(logprobs) || logprobs < 0 || logprobs > LOGPROBS_MAX) refuse('logprobs', `an integer from 0 to ${LOGPROBS_MAX}`, logprobs)
  if (echo) throw wrong('echo', 'the prompt has no logprobs; leave out echo, or logprobs')
  return { logprobs: true, ...(logprobs > 0 ? { top_logprobs: logprobs } : {}) }
}

function wrong(field: string, why: string): Fault {
  return new Fault('invalid_request', `${field}: ${why}`, { metadata: { field } })
}
