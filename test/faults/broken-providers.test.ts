import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { problemsOfChatChunk, problemsOfChatResult, problemsOfError } from '../openapi.ts'
import { dataOf } from '../replay/exchange.ts'
import { meaningOfChunks, meaningOfResult, objectOf } from '../replay/meaning.ts'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { hasShared } from '../shared.ts'
import { BEHAVIOUR_NAMES, startBroken, type BrokenProvider } from './broken.ts'

/**
 * What a client gets when a provider breaks, for each way of breaking, plain and streamed.
 *
 * - `ok`: the answer.
 * - `error`: an HTTP error with this status, whose message matches; with a healthy provider behind, the answer of that one.
 * - `cut`: a 200 whose stream ends with an error event with this code, after the text that had come; no failover any more.
 */
type Outcome = { readonly kind: 'ok' } | { readonly kind: 'error'; readonly status: number; readonly says: RegExp; readonly failsOver?: false } | { readonly kind: 'cut'; readonly code: number; readonly says: RegExp }

interface Case { readonly behaviour: string; readonly plain?: Outcome; readonly stream?: Outcome }

const ok: Outcome = { kind: 'ok' }
const error = (status: number, says: RegExp): Outcome => ({ kind: 'error', status, says })
const cut = (code: number, says: RegExp): Outcome => ({ kind: 'cut', code, says })
const both = (behaviour: string, outcome: Outcome): Case => ({ behaviour, plain: outcome, stream: outcome })

const CASES: readonly Case[] = [
  both('refused', error(502, /refused the connection/)),
  both('tls-failure', error(502, /TLS failed|cannot be reached/)),
  both('untrusted-certificate', error(502, /TLS failed/)),
  both('closes-at-once', error(502, /closed the connection/)),
  both('bad-status-line', error(502, /./)),
  both('stalls-before-head', error(504, /took more than \d+ (ms|s) to (begin its answer|answer)/)),
  { behaviour: 'stalls-before-first-event', plain: error(504, /to answer/), stream: error(504, /to its first event/) },
  { behaviour: 'pings-then-stalls', stream: error(504, /between two events/) },
  { behaviour: 'stalls-between-events', stream: cut(504, /between two events/) },
  { behaviour: 'half-a-chunk', plain: error(502, /closed the connection before the end/), stream: cut(502, /closed the (connection|stream) before/) },
  { behaviour: 'half-a-chunk-first', stream: error(502, /closed the (connection|stream) before/) },
  { behaviour: 'ends-without-finish', stream: cut(502, /closed the stream before its end/) },
  { behaviour: 'empty-stream', stream: error(502, /closed the stream before its end|before it said anything/) },
  both('wrong-content-type', error(502, /not a JSON object \(text\/html\)/)),
  both('json-as-text', ok),
  both('error-in-200', error(503, /The engine is busy/)),
  { behaviour: 'error-event-first', stream: error(503, /The engine is busy/) },
  { behaviour: 'error-event-after-role', stream: error(503, /The engine is busy/) },
  { behaviour: 'error-event-after-text', stream: cut(503, /The engine is busy/) },
  { behaviour: 'endless-reply', plain: error(502, /sent more than \d+ bytes/) },
  { behaviour: 'endless-error', plain: error(502, /answered 500|./) },
  { behaviour: 'event-without-end', stream: error(502, /sent more than \d+ bytes for one event/) },
  both('invalid-json', error(502, /not a JSON object/)),
  { behaviour: 'invalid-json-after-text', stream: cut(502, /not a JSON object/) },
  { behaviour: 'json-array', plain: error(502, /./) },
  both('no-choices', error(502, /without (choices|an answer)/)),
  both('no-usage', ok),
  both('gzip', ok),
  both('broken-gzip', error(502, /./)),
  both('redirect', error(502, /redirect/)),
  both('status-500', error(502, /answered 500/)),
  both('status-429', error(429, /Slow down/)),
  both('status-401', error(502, /refused this server's credential/)),
  { behaviour: 'status-400', plain: { kind: 'error', status: 400, says: /too hot/, failsOver: false } },
]

const SLOW_MS_MAX = 60_000
const PHASE_MS = 250
/** Slow machines need more than the phase itself, but a call never hangs. */
const CALL_MS_MAX = 15_000

const hasOpenssl = Bun.which('openssl') !== null

let broken: BrokenProvider
let gateway: Gateway

beforeAll(async () => {
  broken = await startBroken()
  // Short where silence is what is tested; the others may be slow, as a busy machine is.
  const timeouts = (name: string) => {
    const ms = name.includes('stalls') ? PHASE_MS : CALL_MS_MAX
    return `timeouts: { head_ms_max: ${ms}, reply_ms_max: ${ms * 8}, first_event_ms_max: ${ms}, idle_ms_max: ${ms} }`
  }
  const base = new Map([['refused', broken.closedUrl], ['tls-failure', `${broken.url.replace('http:', 'https:')}/healthy`]])
  if (broken.untrustedUrl !== undefined) base.set('untrusted-certificate', `${broken.untrustedUrl}/healthy`)
  else if (process.env['CI']) throw new Error('openssl is missing: the certificate test cannot run')
  else console.log('skipped: the certificate test, for there is no openssl')
  const names = [...new Set([...BEHAVIOUR_NAMES, ...base.keys()])].filter((name) => name !== 'healthy')
  const models = names.map((name) => ({ id: `test/${name}`, upstreamId: name }))
  gateway = await startGateway({
    config: configOf([
      ...names.map((name) => ({ slug: `broken-${name}`, dialect: 'openai-chat', baseUrl: base.get(name) ?? `${broken.url}/${name}`, models: models.filter((model) => model.upstreamId === name), more: [timeouts(name)] })),
      { slug: 'healthy', dialect: 'openai-chat', baseUrl: `${broken.url}/healthy`, models },
    ]),
  })
}, SLOW_MS_MAX)

afterAll(async () => {
  await gateway?.stop()
  await broken?.stop()
})

/** A call to the model of a behaviour, at the broken provider first or alone. */
function call(behaviour: string, stream: boolean, wish: JsonObject, signal?: AbortSignal): Promise<Response> {
  return gateway.api('/chat/completions', { model: `test/${behaviour}`, stream, messages: [{ role: 'user', content: 'Say hello.' }], provider: wish }, signal ? { signal } : {})
}

const alone = (behaviour: string): JsonObject => ({ only: [`broken-${behaviour}`] })
const withHealthy = (behaviour: string): JsonObject => ({ order: [`broken-${behaviour}`, 'healthy'] })

function checkAnswer(text: string, stream: boolean, provider: RegExp): void {
  const chunks = stream ? dataOf(text) : [parseObject(text) ?? {}]
  if (hasShared) expect(chunks.flatMap(stream ? problemsOfChatChunk : problemsOfChatResult)).toEqual([])
  const meaning = stream ? meaningOfChunks(chunks) : meaningOfResult(chunks[0] ?? {})
  expect(meaning).toMatchObject({ failed: false, choices: [{ text: 'Hello', finish: 'stop' }] })
  expect(meaning.usage?.prompt).toBeGreaterThan(0)
  expect(meaning.usage?.completion).toBeGreaterThan(0)
  expect(String(chunks[0]?.['provider'])).toMatch(provider)
}

async function checkError(response: Response, outcome: { readonly status: number; readonly says: RegExp }): Promise<JsonObject> {
  const body = parseObject(await response.text()) ?? {}
  const failed = objectOf(body['error'])
  expect({ status: response.status, code: failed['code'] }, JSON.stringify(body)).toEqual({ status: outcome.status, code: outcome.status })
  expect(failed['message']).toMatch(outcome.says)
  if (hasShared) expect(problemsOfError(body)).toEqual([])
  return failed
}

function checkCut(text: string, outcome: { readonly code: number; readonly says: RegExp }): void {
  const chunks = dataOf(text)
  if (hasShared) expect(chunks.flatMap(problemsOfChatChunk)).toEqual([])
  expect(meaningOfChunks(chunks)).toMatchObject({ failed: true, choices: [{ text: 'Hello', finish: 'error' }] })
  const failed = chunks.filter((chunk) => chunk['error'] !== undefined)
  expect(failed).toMatchObject([{ error: { code: outcome.code }, choices: [{ index: 0, finish_reason: 'error' }] }])
  expect(objectOf(failed[0]?.['error'])['message']).toMatch(outcome.says)
}

for (const stream of [false, true]) {
  describe(stream ? 'a broken provider, streamed' : 'a broken provider, plain', () => {
    for (const { behaviour, ...outcomes } of CASES) {
      const outcome = stream ? outcomes.stream : outcomes.plain
      if (!outcome || (behaviour === 'untrusted-certificate' && !hasOpenssl)) continue

      test(`${behaviour}: ${outcome.kind}${'status' in outcome ? ` ${outcome.status}` : ''}`, async () => {
        const response = await call(behaviour, stream, alone(behaviour))
        if (outcome.kind === 'error') await checkError(response, outcome)
        else if (outcome.kind === 'cut') checkCut(await response.text(), outcome)
        else checkAnswer(await response.text(), stream, /broken/i)
      }, CALL_MS_MAX)

      test(`${behaviour}, a healthy one behind: ${outcome.kind === 'cut' ? 'what has begun is not begun anew' : 'the answer'}`, async () => {
        const healthyBefore = broken.count('healthy')
        const response = await call(behaviour, stream, withHealthy(behaviour))
        if (outcome.kind === 'cut') checkCut(await response.text(), outcome)
        else if (outcome.kind === 'error' && outcome.failsOver === false) await checkError(response, outcome)
        else checkAnswer(await response.text(), stream, outcome.kind === 'ok' ? /broken/i : /healthy/i)
        expect(broken.count('healthy') - healthyBefore).toBe(outcome.kind === 'error' && outcome.failsOver !== false ? 1 : 0)
      }, CALL_MS_MAX)
    }
  })
}

describe('more of broken providers', () => {
  test('the errors of those before are named', async () => {
    const failed = await checkError(await gateway.api('/chat/completions', {
      model: 'test/status-500', messages: [{ role: 'user', content: 'hi' }], models: ['test/status-500', 'test/status-429'], provider: { only: ['broken-status-500', 'broken-status-429'] },
    }), { status: 429, says: /Slow down/ })
    expect(failed).toMatchObject({ metadata: { previous_errors: [{ code: 502 }] } })
  })

  test('a wait that the provider names reaches the client', async () => {
    const response = await call('status-429', false, alone('status-429'))
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await response.json()).toMatchObject({ error: { availability: { retryable: true, retry_after: 7 } } })
  })

  test("a provider's credential never reaches the client or the log", async () => {
    const text = await (await call('status-401', false, alone('status-401'))).text()
    expect(text).not.toContain('sk-secret')
    expect(gateway.logs()).not.toContain('sk-secret')
    expect(gateway.logs()).not.toContain('test-credential')
  })

  test('a provider that closes kept-alive connections right after its answers serves sixty calls', async () => {
    for (let at = 0; at < 60; at++) checkAnswer(await (await call('closes-after-answer', at % 2 === 1, alone('closes-after-answer'))).text(), at % 2 === 1, /broken/i)
    // Each call once: a stale connection is tried again, an answered call never.
    expect(broken.count('closes-after-answer')).toBe(60)
  }, CALL_MS_MAX)

  test('an event of 10 MB goes through', async () => {
    const text = await (await call('event-10-mb', true, alone('event-10-mb'))).text()
    expect(meaningOfChunks(dataOf(text))).toMatchObject({ failed: false, choices: [{ text: 'x'.repeat(10 << 20), finish: 'stop' }] })
  }, CALL_MS_MAX)

  test('an endless stream ends at the limit, and says so', async () => {
    const response = await call('endless-stream', true, alone('endless-stream'))
    let bytes = 0
    let tail = ''
    const decoder = new TextDecoder()
    for await (const piece of response.body ?? []) {
      bytes += piece.length
      tail = (tail + decoder.decode(piece)).slice(-2_000)
    }
    // Sixteen characters for each token that the model may write, and what was on its way by then.
    expect(bytes).toBeLessThan(64 << 20)
    expect(tail).toMatch(/"error":\{"code":502,"message":"The model writes far more than it was asked for/)
  }, SLOW_MS_MAX)

  for (const [behaviour, stream, phase] of [['stalls-before-head', false, 'before the head'], ['endless-stream', true, 'in the middle of a stream'], ['endless-reply', false, 'in the middle of a reply']] as const) {
    test(`a client that leaves ${phase} ends the provider's call`, async () => {
      const before = { count: broken.count(behaviour), left: broken.left(behaviour) }
      const controller = new AbortController()
      const response = call(behaviour, stream, alone(behaviour), controller.signal).then(async (answer) => {
        if (stream) await answer.body?.getReader().read()
        return answer
      })
      // The abort is what ends it.
      const settled = response.catch(() => undefined)
      await waitFor(() => broken.count(behaviour) > before.count)
      if (stream) await response
      controller.abort()
      await settled
      await waitFor(() => broken.left(behaviour) > before.left)
    }, CALL_MS_MAX)
  }

  test('and the process lives', async () => {
    expect(gateway.isAlive()).toBe(true)
    checkAnswer(await (await call('gzip', false, { only: ['healthy'] })).text(), false, /healthy/i)
    expect(gateway.logs()).not.toMatch(/\bbug\b/)
  })
})

async function waitFor(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 1_000) throw new Error('it never happened')
    await Bun.sleep(5)
  }
}
