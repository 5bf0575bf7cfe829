import type { JsonObject } from '../../core/json.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Answer, Piece } from './answer.ts'
import type { Controls } from './controls.ts'
import { errorBody } from './error.ts'
import { logprobsOf } from './logprobs.ts'

/** What a streamed answer is made of. */
export interface StreamScript {
  readonly id: string
  readonly created: number
  readonly model: string
  readonly answers: readonly Answer[]
  /** Said in an event of its own when the caller asked for it. */
  readonly usage: JsonObject | undefined
  readonly controls: Controls
  readonly logprobs: number | undefined
}

interface Step { readonly choice: number; readonly piece: Piece }

/** Fast enough to look quick, slow enough to look like a stream. */
const SPEED_DEFAULT = 200
const BATCH_CHARS_MAX = 16_384

/** Resolves after `ms`; rejects with the signal's reason, and leaves no timer behind, as soon as it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const timer = Number.isFinite(ms) ? setTimeout(done, ms) : undefined
    signal.addEventListener('abort', left, { once: true })
    function done(): void {
      signal.removeEventListener('abort', left)
      resolve()
    }
    function left(): void {
      clearTimeout(timer)
      reject(signal.reason)
    }
  })
}

/** The wire bytes of a streamed answer, at the pace and with the failures that its controls ask for. */
export function streamBody(script: StreamScript, signal: AbortSignal): ReadableStream<Uint8Array> {
  const left = new AbortController()
  const leave = (): void => left.abort(signal.reason)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  const text = batches(script, left.signal)
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await text.next()
        if (!next.done) return controller.enqueue(encoder.encode(next.value))
        signal.removeEventListener('abort', leave)
        controller.close()
      } catch (error) {
        controller.error(error)
      }
    },
    cancel(reason) {
      signal.removeEventListener('abort', leave)
      left.abort(reason)
    },
  })
}

/** Text to send at once, whenever there is a wait or enough of it. */
async function* batches(script: StreamScript, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  let ready = ''
  for (const item of timeline(script)) {
    if (typeof item === 'string') {
      ready += item
      if (ready.length < BATCH_CHARS_MAX) continue
    }
    const waitMs = typeof item === 'string' ? 0 : item()
    if (typeof item === 'string' || waitMs > 0) {
      if (ready !== '') yield ready
      ready = ''
    }
    if (waitMs > 0) await pause(waitMs, signal)
    if (signal.aborted) throw signal.reason
  }
  if (ready !== '') yield ready
}

/** Frames, and between them functions that say how many ms to wait from now. */
function* timeline(script: StreamScript): Generator<string | (() => number), void, undefined> {
  const { answers, controls } = script
  const steps = inTurns(answers)
  const speed = controls.speed ?? SPEED_DEFAULT
  const end = steps.length
  let startMs = 0
  for (const choice of answers.keys()) yield frame(script, [{ index: choice, delta: { role: 'assistant', content: '' }, finish_reason: null }])
  yield () => controls.firstMs ?? 0
  for (let at = 0; at <= end; at++) {
    if (controls.cutAfter !== undefined && at === Math.min(controls.cutAfter, end)) return
    if (controls.failAfter !== undefined && at === Math.min(controls.failAfter, end)) {
      yield `data: ${JSON.stringify(errorBody(controls.fail ?? 500))}\n\n`
      return
    }
    if (controls.stallAfter !== undefined && at === Math.min(controls.stallAfter, end)) yield () => controls.stallMs ?? Number.POSITIVE_INFINITY
    const step = steps[at]
    if (!step) break
    if (at === 0 || at === controls.stallAfter) startMs = systemClock.monotonicMs() - (at / speed) * 1000
    if (speed > 0) yield () => Math.max(0, startMs + (at / speed) * 1000 - systemClock.monotonicMs())
    yield frame(script, [choiceOf(step, script.logprobs)])
  }
  for (const [choice, answer] of answers.entries()) yield frame(script, [{ index: choice, delta: {}, finish_reason: answer.finish }])
  if (script.usage) yield frame(script, [], script.usage)
  yield 'data: [DONE]\n\n'
}

/** The choices speak in turns, a piece each. */
function inTurns(answers: readonly Answer[]): Step[] {
  const longest = Math.max(...answers.map((answer) => answer.pieces.length))
  const steps: Step[] = []
  for (let at = 0; at < longest; at++) {
    for (const [choice, answer] of answers.entries()) {
      const piece = answer.pieces[at]
      if (piece) steps.push({ choice, piece })
    }
  }
  return steps
}

function choiceOf(step: Step, logprobs: number | undefined): JsonObject {
  const { choice, piece } = step
  const said = { index: choice, delta: saidBy(piece), finish_reason: null }
  return logprobs === undefined || piece.kind !== 'text' ? said : { ...said, logprobs: logprobsOf([piece.text], logprobs) }
}

function saidBy(piece: Piece): JsonObject {
  if (piece.kind === 'text') return { content: piece.text }
  if (piece.kind === 'reasoning') return { reasoning_content: piece.text }
  if (!piece.call) return { tool_calls: [{ index: piece.index, function: { arguments: piece.text } }] }
  return { tool_calls: [{ index: piece.index, id: piece.call.id, type: 'function', function: { name: piece.call.name, arguments: '' } }] }
}

function frame(script: StreamScript, choices: JsonObject[], usage?: JsonObject): string {
  const { id, created, model } = script
  return `data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model, choices, ...(usage && { usage }) })}\n\n`
}
