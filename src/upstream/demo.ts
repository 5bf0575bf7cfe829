import type { JsonObject } from '../core/json.ts'
import { systemClock } from '../lib/clock.ts'
import { answersTo, type Answer, type Piece } from './demo/answer.ts'
import { FailureShare, withoutFailures, type Controls } from './demo/controls.ts'
import { EMBEDDER, embeddingsOf, readEmbedRequest } from './demo/embed.ts'
import { errorBody, errorResponse } from './demo/error.ts'
import { logprobsOf } from './demo/logprobs.ts'
import { DEMO_MODELS, readRequest, type DemoRequest } from './demo/request.ts'
import { pause, streamBody } from './demo/stream.ts'

export interface DemoInit {
  readonly body?: string
  readonly signal: AbortSignal
}

const failures = new FailureShare()

/**
 * The built-in provider: takes a request of the dialect openai-chat and answers as a provider's server would, without
 * leaving the process. `path` is what follows the base URL: `/chat/completions`, `/embeddings` or `/models`. Rejects only when
 * `signal` aborts before the answer's head, as `fetch` does.
 */
export async function demoFetch(path: string, init: DemoInit): Promise<Response> {
  if (/\/models(\?|$)/.test(path)) return Response.json({ object: 'list', data: [...DEMO_MODELS, EMBEDDER].map((id) => ({ id, object: 'model', created: 0, owned_by: 'switchyard-demo' })) })
  if (/\/embeddings(\?|$)/.test(path)) return await embedded(init)
  if (!/\/chat\/completions(\?|$)/.test(path)) return refusal(404, 'not_found', `the demo has no ${path}`)
  const read = readRequest(init.body ?? '')
  if (!read.ok) return refusal(read.status, read.code, read.message)
  const controls = controlsNow(read.request.controls)
  if (controls.stallMs !== undefined && controls.stallAfter === undefined) await pause(controls.stallMs, init.signal)
  if (init.signal.aborted) throw init.signal.reason
  if (controls.fail !== undefined && controls.failAfter === undefined) return errorResponse(controls.fail, errorBody(controls.fail))
  return read.request.stream ? streamed(read.request, controls, init.signal) : await whole(read.request, controls, init.signal)
}

async function embedded({ body, signal }: DemoInit): Promise<Response> {
  const read = readEmbedRequest(body ?? '')
  if (!read.ok) return refusal(read.status, read.code, read.message)
  const controls = controlsNow(read.request.controls)
  const waitMs = (controls.stallMs ?? 0) + (controls.firstMs ?? 0)
  if (waitMs > 0) await pause(waitMs, signal)
  if (signal.aborted) throw signal.reason
  return controls.fail === undefined ? Response.json(embeddingsOf(read.request)) : errorResponse(controls.fail, errorBody(controls.fail))
}

function refusal(status: number, code: string, message: string): Response {
  return errorResponse(status, { error: { message, type: 'invalid_request_error', param: null, code } })
}

/** The controls without their failures when `rate` spares this call. */
function controlsNow(controls: Controls): Controls {
  return controls.rate === undefined || failures.next(controls.rate) ? controls : withoutFailures(controls)
}

function streamed(request: DemoRequest, controls: Controls, signal: AbortSignal): Response {
  const answers = answersTo(request)
  const usage = request.includeUsage ? usageOf(request, answers) : undefined
  const body = streamBody({ ...headOf(request), answers, usage, controls, logprobs: request.logprobs }, signal)
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' } })
}

async function whole(request: DemoRequest, controls: Controls, signal: AbortSignal): Promise<Response> {
  const answers = answersTo(request)
  const stallMs = controls.stallAfter === undefined ? 0 : (controls.stallMs ?? Number.POSITIVE_INFINITY)
  const waitMs = (controls.firstMs ?? 0) + stallMs + (controls.speed ? (tokensOf(answers) / controls.speed) * 1000 : 0)
  if (waitMs > 0) await pause(waitMs, signal)
  if (controls.failAfter !== undefined) return errorResponse(controls.fail ?? 500, errorBody(controls.fail ?? 500))
  const choices = answers.map((answer, index) => ({
    index, message: messageOf(answer), finish_reason: answer.finish,
    logprobs: request.logprobs === undefined ? null : logprobsOf(textsOf(answer, 'text'), request.logprobs),
  }))
  const text = JSON.stringify({ ...headOf(request), object: 'chat.completion', choices, usage: usageOf(request, answers) })
  return new Response(controls.cutAfter === undefined ? text : text.slice(0, text.length / 2), { headers: { 'content-type': 'application/json' } })
}

function headOf(request: DemoRequest): { id: string; created: number; model: string } {
  return { id: `chatcmpl-demo-${request.fingerprint}`, created: Math.floor(systemClock.wallMs() / 1000), model: request.model }
}

function messageOf(answer: Answer): JsonObject {
  const reasoning = textsOf(answer, 'reasoning').join('')
  const calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[] = []
  for (const piece of answer.pieces) {
    if (piece.kind !== 'tool') continue
    if (piece.call) calls.push({ id: piece.call.id, type: 'function', function: { name: piece.call.name, arguments: '' } })
    const call = calls[piece.index]
    if (call) call.function.arguments += piece.text
  }
  const content = textsOf(answer, 'text').join('')
  return {
    role: 'assistant', content: calls.length > 0 && content === '' ? null : content, refusal: null,
    ...(reasoning !== '' && { reasoning_content: reasoning }), ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function textsOf(answer: Answer, kind: Piece['kind']): string[] {
  return answer.pieces.filter((piece) => piece.kind === kind).map((piece) => piece.text)
}

function tokensOf(answers: readonly Answer[]): number {
  return answers.reduce((sum, answer) => sum + answer.pieces.length, 0)
}

function usageOf(request: DemoRequest, answers: readonly Answer[]): JsonObject {
  const completion = tokensOf(answers)
  const reasoning = answers.reduce((sum, answer) => sum + textsOf(answer, 'reasoning').length, 0)
  return {
    prompt_tokens: request.promptTokens, completion_tokens: completion, total_tokens: request.promptTokens + completion,
    prompt_tokens_details: { cached_tokens: 0 }, completion_tokens_details: { reasoning_tokens: reasoning },
  }
}
