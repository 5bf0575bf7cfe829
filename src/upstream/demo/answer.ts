import type { JsonObject } from '../../core/json.ts'
import { DEMO_NOTE, atLength, countingAnswer, excerpt, pieces, proseAnswer, reasoningText } from './prose.ts'
import type { DemoRequest } from './request.ts'
import { hintsOf, valueFor } from './schema.ts'
import { calledTools, toolCalls, type DemoToolCall } from './tool.ts'

/** One step of an answer, about a token each. */
export type Piece =
  | { readonly kind: 'reasoning'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** `call` comes with the first piece of each tool call. */
  | { readonly kind: 'tool'; readonly index: number; readonly call?: DemoToolCall; readonly text: string }

/** What one choice says, cut to its limits. */
export interface Answer {
  readonly pieces: readonly Piece[]
  readonly finish: 'stop' | 'length' | 'tool_calls'
}

/** No answer is longer, whatever is asked for: it is held in memory. */
const ANSWER_TOKENS_MAX = 100_000
const ANSWER_CHARS_MAX = 7 * ANSWER_TOKENS_MAX

/** The answers to a request, one for each choice. The same request always gets the same. */
export function answersTo(request: DemoRequest): Answer[] {
  return Array.from({ length: request.choices }, (_, choice) => answerTo(request, choice))
}

function answerTo(request: DemoRequest, choice: number): Answer {
  const thought: Piece[] = request.model === 'reasoner' && request.reasoningSteps > 0
    ? pieces(reasoningText(request.prompt, request.reasoningSteps)).map((text) => ({ kind: 'reasoning', text }))
    : []
  const tools = calledTools(request)
  if (tools.length > 0) return limited([...thought, ...toolPieces(toolCalls(request, tools))], 'tool_calls', request)
  const text = textOf(request, choice)
  const stopped = beforeStop(text.slice(0, ANSWER_CHARS_MAX), request.stop)
  return limited([...thought, ...pieces(stopped).map((piece): Piece => ({ kind: 'text', text: piece }))], 'stop', request)
}

function toolPieces(calls: readonly DemoToolCall[]): Piece[] {
  return calls.flatMap((call, index) => [
    { kind: 'tool', index, call, text: '' } as const,
    ...pieces(call.arguments).map((text) => ({ kind: 'tool', index, text }) as const),
  ])
}

function textOf(request: DemoRequest, choice: number): string {
  if (request.format) return JSON.stringify(request.format.schema === undefined ? anyObject(request) : valueFor(request.format.schema, hintsOf(request.prompt)))
  const plain = request.toolResults.length > 0 ? toolAnswer(request) : plainAnswer(request, choice)
  return request.controls.tokens === undefined ? plain : atLength(plain, request.controls.tokens)
}

function plainAnswer(request: DemoRequest, choice: number): string {
  if (request.model === 'echo') return echo(request)
  const count = countingAnswer(request.prompt)
  return count === undefined ? proseAnswer(request.prompt, choice) : `${count}\n\n${DEMO_NOTE}`
}

function echo(request: DemoRequest): string {
  const attached = request.attachments === 0 ? '' : `${request.prompt === '' ? '' : '\n'}[${request.attachments} attached]`
  return `${request.prompt}${attached}\n\n${DEMO_NOTE}`.trim()
}

function toolAnswer(request: DemoRequest): string {
  const said = request.toolResults.map((result) => `${result.name} says: ${excerpt(result.text, 500)}`)
  return `${said.join('\n')}\n\n${DEMO_NOTE}`
}

function anyObject(request: DemoRequest): JsonObject {
  return { demo: true, note: DEMO_NOTE, prompt: excerpt(request.prompt, 200) }
}

function beforeStop(text: string, stop: readonly string[]): string {
  const cuts = stop.map((sequence) => text.indexOf(sequence)).filter((at) => at !== -1)
  return cuts.length === 0 ? text : text.slice(0, Math.min(...cuts))
}

function limited(all: readonly Piece[], finish: Answer['finish'], request: DemoRequest): Answer {
  const limit = Math.min(Math.trunc(request.tokensMax), ANSWER_TOKENS_MAX)
  return all.length <= limit ? { pieces: all, finish } : { pieces: all.slice(0, limit), finish: 'length' }
}
