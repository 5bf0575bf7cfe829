import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { CallOrigin } from '../dialect.ts'
import { CHECKS, refuse } from '../openai-chat/check.ts'
import { readCall } from '../openai-chat/call-read.ts'

const LOGPROBS_MAX = 5
const BEST_OF_MAX = 20

/** As many as OpenAI's own clients of old send in one request, and some more. */
const PROMPTS_MAX = 32
const CHOICES_MAX = 128

/**
 * Reads a legacy text completion (contract A4): a prompt is one message of the user, the parameters are those of chat.
 * Several prompts are as many calls, the others in `also`; their ids are the first one's with a number behind.
 * `native` is the request itself: its writer says the prompts first where `echo` asks for it. Throws Fault naming the field.
 */
export function readCompletion(sent: JsonObject, origin: CallOrigin): Call {
  const { prompt, echo, suffix, best_of: bestOf, logprobs, messages, ...rest } = sent
  if (messages !== undefined) throw wrong('messages', 'this endpoint takes a prompt; POST /api/v1/chat/completions takes messages')
  const prompts = readPrompts(prompt)
  if (typeof suffix === 'string' ? suffix !== '' : isSaid(suffix)) throw wrong('suffix', 'models that chat cannot fill in before a suffix; leave it out, and say in the prompt what follows')
  if (isSaid(echo) && typeof echo !== 'boolean') refuse('echo', 'true or false', echo)
  const best = readBestOf(bestOf, sent)
  const shared = { ...rest, ...readLogprobs(logprobs, echo === true), ...(best === undefined ? {} : { n: best, logprobs: true }) }
  const bytes = prompts.map((text) => Buffer.byteLength(JSON.stringify(text)))
  const all = bytes.reduce((sum, one) => sum + one, 0)
  const calls = prompts.map((text, at): Call => {
    // Of the other prompts this call is told nothing: they count in their own.
    const bodyBytes = Math.max(origin.bodyBytes - all + (bytes[at] ?? 0), 0)
    const call = readCall({ ...shared, messages: [{ role: 'user', content: text }] }, { ...origin, bodyBytes, ...(at === 0 ? {} : { id: `${origin.id}-${at}` }) })
    const preferences = best === undefined ? call.preferences : { ...call.preferences, requireParameters: true }
    return { ...call, api: 'completions', dialect: 'openai-completions', preferences, native: { ...sent, prompt: prompts } }
  })
  const [first, ...also] = calls
  if (!first) refuse('prompt', 'a string, or an array of strings', prompt)
  if (first.needs.choices * calls.length > CHOICES_MAX) throw wrong('prompt', `${calls.length} prompts and ${first.needs.choices} completions of each are more than ${CHOICES_MAX}; send fewer prompts in one request`)
  return also.length === 0 ? first : { ...first, also }
}

function isSaid(value: unknown): boolean {
  return value !== undefined && value !== null
}

function readPrompts(prompt: Json | undefined): readonly string[] {
  if (typeof prompt === 'string') return [prompt]
  if (!Array.isArray(prompt) || prompt.length === 0) refuse('prompt', 'a string, or an array of strings', prompt)
  if (prompt.some((one) => typeof one === 'number' || Array.isArray(one))) throw wrong('prompt', 'tokens by their numbers mean something to one model only; send text')
  if (prompt.length > PROMPTS_MAX) throw wrong('prompt', `has ${prompt.length} prompts; one request takes at most ${PROMPTS_MAX}`)
  return prompt.map((one: Json, at) => (typeof one === 'string' ? one : refuse(`prompt[${at}]`, 'a string', one)))
}

/** How many completions are made to choose among; undefined where all of them are returned. */
function readBestOf(bestOf: Json | undefined, sent: JsonObject): number | undefined {
  if (!isSaid(bestOf)) return undefined
  const n = sent['n'] ?? 1
  CHECKS.get('n')?.(n, 'n')
  if (bestOf === n) return undefined
  if (typeof bestOf !== 'number' || !Number.isSafeInteger(bestOf) || bestOf < Number(n) || bestOf > BEST_OF_MAX) refuse('best_of', `an integer from n (${String(n)}) to ${BEST_OF_MAX}`, bestOf)
  if (sent['stream'] === true) throw wrong('best_of', 'the best is known when all are complete; leave out stream, or best_of')
  return bestOf
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
