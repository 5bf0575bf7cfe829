import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pictureRequest, replyPath, shortReply } from '../../bench/picture-traffic.ts'
import { BENCH_DIALECTS, dialectOfPath, type BenchDialect } from '../../bench/dialect-traffic.ts'
import { startGateway, type Gateway } from '../server.ts'

const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAA'.repeat((20 << 20) / 24)
const PAIRS: readonly (readonly [client: BenchDialect, provider: BenchDialect])[] = [
  ['openai-chat', 'openai-chat'], ['anthropic-messages', 'anthropic-messages'], ['openai-responses', 'gemini'], ['gemini', 'openai-responses'], ['anthropic-messages', 'openai-chat'], ['openai-chat', 'anthropic-messages'],
]

let gateway: Gateway
let arrived = ''
const provider = Bun.serve({
  port: 0, hostname: '127.0.0.1', maxRequestBodySize: 1 << 30,
  async fetch(request) {
    arrived = await request.text()
    return Response.json(shortReply(dialectOfPath(new URL(request.url).pathname)))
  },
})

beforeAll(async () => {
  const models = BENCH_DIALECTS.map((dialect) => `  p-${dialect}:
    dialect: ${dialect}
    base_url: http://127.0.0.1:${provider.port}/v1
    api_key: sk-test
    models: [{ id: p-${dialect}/m, upstream_id: m, context: 1000000, max_output: 1000, price: { input: "0.1", output: "0.1" } }]`)
  gateway = await startGateway({ config: `providers:\n${models.join('\n')}\n` })
})
afterAll(async () => {
  await gateway.stop()
  await provider.stop(true)
})

async function ask(client: BenchDialect, model: string, picture: string): Promise<Response> {
  return await fetch(`${gateway.url}${replyPath(client, model)}`, { method: 'POST', body: pictureRequest(client, model, picture), headers: { 'authorization': `Bearer ${gateway.key}`, 'content-type': 'application/json' } })
}

describe('a picture of 20 MB', () => {
  for (const [client, target] of PAIRS) {
    test(`${client} → ${target}: arrives whole`, async () => {
      const response = await ask(client, `p-${target}/m`, PICTURE)
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('A picture.')])
      // Not `toContain`: what it would print when it fails is 20 MB.
      expect(arrived.includes(PICTURE)).toBe(true)
      expect(() => JSON.parse(arrived)).not.toThrow()
    })
  }

  const canMeasure = existsSync('/proc/self/clear_refs')
  test.skipIf(!canMeasure)('takes at most four times its size of memory', async () => {
    const status = (field: string): number => 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))?.[1] ?? Number.NaN)
    // What earlier calls left behind may be used again, so that this can only be less than in a fresh process.
    const idle = status('VmRSS')
    // proc(5): 5 makes the peak what is resident now.
    writeFileSync(`/proc/${gateway.pid}/clear_refs`, '5')
    expect((await ask('openai-chat', 'p-openai-chat/m', PICTURE)).status).toBe(200)
    expect(status('VmHWM') - idle).toBeLessThan(4 * PICTURE.length)
  })

  test('that is cut off is told where, and one in a field that is said twice is refused', async () => {
    const body = pictureRequest('openai-chat', 'p-openai-chat/m', PICTURE)
    const post = (text: string): Promise<Response> => fetch(`${gateway.url}/api/v1/chat/completions`, { method: 'POST', body: text, headers: { 'authorization': `Bearer ${gateway.key}`, 'content-type': 'application/json' } })
    for (const wrong of [body.slice(0, -2), `${body.slice(0, -1)},"model":"twice"}`, `${body},`]) {
      const response = await post(wrong)
      expect([response.status, ((await response.json()) as { error: { message: string } }).error.message]).toEqual([400, expect.stringMatching(/body is (not valid JSON|refused)/)])
    }
  })
})
