import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { configOf, startGateway, type Gateway } from '../server.ts'
import { costNano, PRICE, startBiller, type Biller } from './biller.ts'
import { nanoOf } from './load.ts'
import { until } from './processes.ts'

setDefaultTimeout(60_000)

/** A client that leaves ends the call at the provider, and pays for what was written until then by the stated estimate. */

const PIECE_MS = 20
/** As long as nobody waits for: only leaving ends it. */
const PIECES = 100_000
/** Characters of text that stand for a token where the provider did not come to count (docs: an estimate, marked so). */
const CHARS_PER_TOKEN = 4

let biller: Biller
let gateway: Gateway
beforeAll(async () => {
  biller = await startBiller({ pieces: PIECES, pieceMs: PIECE_MS })
  gateway = await startGateway({ config: configOf([{ slug: 'acme', dialect: 'openai-chat', baseUrl: biller.url, models: [{ id: 'acme/tiny', upstreamId: 'tiny-1', ...PRICE }] }]) })
})
afterAll(async () => {
  await gateway.stop()
  await biller.stop()
})

const ASK = { model: 'acme/tiny', max_tokens: 1000, messages: [{ role: 'user', content: 'Some words, please.' }] }

async function usage(): Promise<number> {
  const { data } = await (await gateway.api('/key')).json() as { data: { usage: number } }
  return nanoOf(data.usage)
}

test('leaving a stream', async () => {
  const controller = new AbortController()
  const response = await gateway.api('/chat/completions', { ...ASK, stream: true }, { method: 'POST', body: JSON.stringify({ ...ASK, stream: true }), signal: controller.signal })
  const id = response.headers.get('x-generation-id')
  const reader = response.body?.getReader()
  for (let piece = 0; piece < 3; piece++) await reader?.read()
  controller.abort()
  await until(() => [...biller.bills.values()].some((bill) => bill.left))
  let record: Record<string, unknown> = {}
  await until(async () => {
    const answer = await gateway.api(`/generation?id=${id}`)
    record = answer.ok ? (await answer.json() as { data: Record<string, unknown> }).data : {}
    return answer.ok
  })
  expect(record).toMatchObject({ id, cancelled: true, streamed: true, upstream_id: 'chatcmpl-1', provider_name: 'acme' })
  const counted = { promptTokens: Number(record['native_tokens_prompt']), completionTokens: Number(record['native_tokens_completion']) }
  expect(counted.promptTokens).toBeGreaterThan(0)
  // At least what the client has read, and no more than the provider can have written.
  expect(counted.completionTokens).toBeGreaterThanOrEqual(Math.ceil(('chatcmpl-1 '.length + 'word word '.length) / CHARS_PER_TOKEN))
  expect(counted.completionTokens).toBeLessThan(1000)
  expect(nanoOf(record['total_cost'])).toBe(costNano(counted))
  expect(await usage()).toBe(costNano(counted))
})

test('leaving before a reply that is not streamed costs nothing', async () => {
  const before = await usage()
  const controller = new AbortController()
  const failed = gateway.api('/chat/completions', ASK, { method: 'POST', body: JSON.stringify(ASK), signal: controller.signal }).then(() => false, () => true)
  await until(() => biller.bills.size === 2)
  controller.abort()
  expect(await failed).toBe(true)
  await until(() => biller.bills.get('chatcmpl-2')?.left === true)
  expect(await usage()).toBe(before)
})
