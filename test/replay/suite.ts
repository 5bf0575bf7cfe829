import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { parseObject, type JsonObject } from '../../src/core/json.ts'
import { problemsOfChatChunk, problemsOfChatResult, problemsOfError } from '../openapi.ts'
import { configOf, credentialOf, startGateway, type Gateway } from '../server.ts'
import { describeShared } from '../shared.ts'
import { chatRequestOf } from './chat-request.ts'
import { answerBytes, dataOf, exchangesOf, isStream, recordedModel, type Exchange } from './exchange.ts'
import { billNano, meaningOfChunks, meaningOfResult, objectOf, type Meaning } from './meaning.ts'
import { startReplay, type PlayOptions, type ReplayProvider, type Seen } from './provider.ts'

/** How one dialect's recordings are replayed and judged. */
export interface ReplaySuite {
  readonly recordings: Exchange['dialect']
  /** The dialect's name in the operator's file. */
  readonly dialect: string
  /** What the recording says, computed without the gateway's code. */
  readonly meaningOf: (exchange: Exchange) => Meaning
  /** What a strict provider would find wrong with the request that it got. */
  readonly problemsOfRequest: (seen: Seen, exchange: Exchange) => readonly string[]
  /** Path of the request below the provider's base URL. */
  readonly pathOf: (exchange: Exchange) => string
  /** The header that shows the credential, and its value. */
  readonly authOf: (credential: string, provider: string) => readonly [name: string, value: string]
  /** More of each provider in the operator's file, as lines of YAML. */
  readonly more?: readonly string[]
  /** Recorded requests that our contract refuses before any provider is asked, and what it says. */
  readonly refused?: Readonly<Record<string, RegExp>>
  /** Recorded errors that the client is told with another status than the provider's, and which. */
  readonly statuses?: Readonly<Record<string, number>>
}

const MS_MAX = 20_000
const PIECE_BYTES = [1, 7, 64]
/** A stream longer than this is cut in pieces of 7 and 64 bytes only: a piece is a packet. */
const ONE_BYTE_STREAM_MAX = 40_000

/** A provider's slug and the operator's model for each exchange: `groq`, `test/3`. */
interface Placed { readonly exchange: Exchange; readonly provider: string; readonly model: string }

function place(recordings: Exchange['dialect']): Placed[] {
  const models = new Map<string, string>()
  return exchangesOf(recordings).map((exchange) => {
    const key = `${exchange.provider} ${recordedModel(exchange)}`
    if (!models.has(key)) models.set(key, `test/model-${models.size}`)
    return { exchange, provider: exchange.provider, model: models.get(key) ?? '' }
  })
}

/** Sends every recording of a dialect through the running gateway and compares what comes out with what went in. */
export function replay(suite: ReplaySuite): void {
  const placed = place(suite.recordings)
  let gateway: Gateway
  let provider: ReplayProvider

  describeShared(`recordings of ${suite.recordings}`, () => {
    beforeAll(async () => {
      provider = await startReplay()
      gateway = await startGateway({ config: operatorFile(placed, suite, provider.url) })
    }, 60_000)
    afterAll(async () => {
      await gateway?.stop()
      await provider?.stop()
    })

    const send = async (one: Placed, options: PlayOptions = {}): Promise<Response> => {
      provider.play(one.exchange, options)
      return gateway.api('/chat/completions', chatRequestOf(one.exchange, one.model))
    }

    describe('the provider sees a valid request', () => {
      for (const one of placed) {
        test(one.exchange.id, async () => {
          const response = await send(one)
          const refusal = refusalOf(suite, one.exchange)
          if (!refusal) await response.text()
          else checkRefusal(response.status, await response.text(), refusal)
          expect(provider.seen()).toHaveLength(refusal ? 0 : 1)
          for (const seen of provider.seen()) checkRequest(suite, one, seen)
        }, MS_MAX)
      }
    })

    describe('the client sees the recorded answer', () => {
      for (const one of placed.filter(({ exchange }) => !refusalOf(suite, exchange))) {
        test(one.exchange.id, async () => checkAnswer(one, suite.meaningOf(one.exchange), await send(one), suite.statuses?.[one.exchange.id]), MS_MAX)
      }
    })

    describe('however the stream is cut', () => {
      // A stream that fails is left out: whether its client had anything yet, and so gets a status or an event, hangs on time.
      for (const one of placed.filter(({ exchange }) => isStream(exchange) && !refusalOf(suite, exchange) && !suite.meaningOf(exchange).failed)) {
        test(one.exchange.id, async () => {
          const whole = saidBy(await (await send(one)).text())
          const sizes = answerBytes(one.exchange).length > ONE_BYTE_STREAM_MAX ? PIECE_BYTES.slice(1) : PIECE_BYTES
          for (const pieceBytes of sizes) expect(saidBy(await (await send(one, { pieceBytes })).text())).toEqual(whole)
        }, 3 * MS_MAX)
      }
    })

    test('compressed answers are read too', async () => {
      for (const wanted of [true, false]) {
        const one = placed.find(({ exchange }) => isStream(exchange) === wanted && exchange.response.status === 200 && !exchange.features.includes('error_in_stream'))
        if (one) await checkAnswer(one, suite.meaningOf(one.exchange), await send(one, { gzip: true }))
      }
    })

    test('the record of a call has the cost that the client was told', async () => {
      const some = placed.filter((one, at) => at % 10 === 0 && one.exchange.response.status === 200 && !refusalOf(suite, one.exchange) && !suite.meaningOf(one.exchange).failed)
      for (const one of some) {
        const text = await (await send(one)).text()
        const told = (isStream(one.exchange) ? dataOf(text).at(-1) : parseObject(text)) ?? {}
        const record = parseObject(await (await gateway.api(`/generation?id=${String(told['id'])}`)).text())
        expect({ id: told['id'], record }).toMatchObject({ record: { data: { id: told['id'], total_cost: objectOf(told['usage'])['cost'], native_tokens_prompt: objectOf(told['usage'])['prompt_tokens'] } } })
      }
    }, MS_MAX)

    test('and the process lives', () => expect(gateway.isAlive()).toBe(true))
  })
}

function operatorFile(placed: readonly Placed[], { dialect, more = [] }: ReplaySuite, baseUrl: string): string {
  const slugs = [...new Set(placed.map((one) => one.provider))]
  return configOf(slugs.map((slug) => {
    const models = new Map(placed.filter((one) => one.provider === slug).map((one) => [one.model, recordedModel(one.exchange)]))
    return { slug, dialect, baseUrl, more, models: [...models].map(([id, upstreamId]) => ({ id, upstreamId, outputs: ['text', 'image', 'audio'] })) }
  }))
}

function refusalOf(suite: ReplaySuite, exchange: Exchange): RegExp | undefined {
  return suite.refused?.[exchange.id]
}

function checkRefusal(status: number, text: string, says: RegExp): void {
  expect(status).toBe(400)
  checkError(status, text)
  expect(text).toMatch(says)
}

function checkRequest(suite: ReplaySuite, one: Placed, seen: Seen): void {
  const [name, value] = suite.authOf(credentialOf(one.provider), one.provider)
  expect({ method: seen.method, path: seen.url, auth: seen.headers[name], type: seen.headers['content-type']?.split(';')[0], leaks: JSON.stringify(seen.headers).includes('sk-sw-') })
    .toEqual({ method: 'POST', path: suite.pathOf(one.exchange), auth: value, type: 'application/json', leaks: false })
  expect(suite.problemsOfRequest(seen, one.exchange)).toEqual([])
}

async function checkAnswer(one: Placed, expected: Meaning, response: Response, status = one.exchange.response.status): Promise<void> {
  const text = await response.text()
  const recorded = one.exchange.response
  const type = response.headers.get('content-type')?.split(';')[0]
  if (recorded.status >= 400) {
    expect(response.status).toBe(status)
    checkError(response.status, text)
    return
  }
  // An error before anything was sent to the client is an error like any other, also when the provider had begun with a 200.
  if (expected.failed && response.status >= 400) return checkError(response.status, text)
  expect({ status: response.status, type, generation: response.headers.has('x-generation-id') }, text.slice(0, 500)).toEqual({ status: 200, type: isStream(one.exchange) ? 'text/event-stream' : 'application/json', generation: true })
  const meaning = isStream(one.exchange) ? checkStream(one, text, expected) : checkResult(one, text, expected.charged)
  compare(meaning, expected)
}

function checkError(status: number, text: string): void {
  const body = parseObject(text)
  expect(problemsOfError(body)).toEqual([])
  expect(body).toMatchObject({ error: { code: status } })
}

function checkResult(one: Placed, text: string, charged: number | undefined): Meaning {
  const body = parseObject(text) ?? {}
  expect(problemsOfChatResult(body)).toEqual([])
  expect(body).toMatchObject({ object: 'chat.completion', model: one.model })
  expect(body['id']).toMatch(/^gen-\d+-/)
  const meaning = meaningOfResult(body)
  checkCost(body, charged, meaning.choices.some((choice) => choice.finish === 'error'))
  return meaning
}

function checkStream(one: Placed, text: string, { failed, charged }: Meaning): Meaning {
  const chunks = dataOf(text)
  expect(chunks.flatMap(problemsOfChatChunk)).toEqual([])
  for (const chunk of chunks) expect({ object: chunk['object'], model: chunk['model'], id: chunk['id'] }).toEqual({ object: 'chat.completion.chunk', model: one.model, id: chunks[0]?.['id'] })
  if (failed) return meaningOfChunks(chunks)
  const last = chunks.at(-1) ?? {}
  // B64: usage exactly once, on the last chunk, which has no choices; then the end mark.
  expect({ choices: last['choices'], usages: chunks.filter((chunk) => chunk['usage'] !== undefined && chunk['usage'] !== null).length, end: text.trimEnd().endsWith('data: [DONE]') }).toEqual({ choices: [], usages: 1, end: true })
  checkCost(last, charged)
  return meaningOfChunks(chunks)
}

/** The operator's file prices every model at one dollar a million in and four out: the bill is the counts times that, and nothing for an answer that failed (I9). */
function checkCost(body: JsonObject, charged: number | undefined, isFailed = false): void {
  const usage = body['usage'] as { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number; readonly cost: number }
  expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens)
  expect(Math.round(usage.cost * 1e9)).toBe(isFailed ? 0 : billNano(usage.prompt_tokens, usage.completion_tokens, charged))
}

function compare(meaning: Meaning, expected: Meaning): void {
  // Opaque pieces must all come back, in order and byte for byte; others may stand between them.
  const opaque = expected.choices.map((choice, at) => inOrder(choice.opaque, meaning.choices[at]?.opaque ?? []))
  expect(opaque).toEqual(expected.choices.map((choice) => [...choice.opaque]))
  const plain = (one: Meaning): unknown => ({ failed: one.failed, choices: one.choices.map((choice) => ({ ...choice, opaque: undefined })) })
  expect(plain(meaning)).toEqual(plain(expected))
  // Where the provider sent no usage, there is an estimate: more than nothing.
  if (expected.usage === undefined) expect(meaning.usage === undefined ? expected.failed : meaning.usage.prompt > 0).toBe(true)
  else if (!expected.failed) expect(meaning.usage).toEqual(expected.usage)
}

/** Those of `wanted` that are found in `list`, each after the one before. */
function inOrder(wanted: readonly string[], list: readonly string[]): string[] {
  let from = 0
  return wanted.filter((one) => {
    const at = list.indexOf(one, from)
    if (at !== -1) from = at + 1
    return at !== -1
  })
}

/** What a stream says, without what differs between two runs: ids and times. */
function saidBy(text: string): unknown {
  if (!text.includes('data:')) return meaningOfError(text)
  return { meaning: meaningOfChunks(dataOf(text)), done: text.includes('data: [DONE]') }
}

function meaningOfError(text: string): unknown {
  const error = parseObject(text)?.['error']
  return { error: (error as { readonly message?: string } | undefined)?.message }
}
