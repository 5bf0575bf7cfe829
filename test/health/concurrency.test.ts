import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { startGateway, type Gateway } from '../server.ts'

setDefaultTimeout(60_000)

/** Answers when it is told to, and says how many it has under way. */
interface Slow { readonly url: string; underWay: number; most: number; asked: number; release(): void; stop(): void }

function startSlow(): Slow {
  let open: (() => void)[] = []
  const slow: Slow = { url: '', underWay: 0, most: 0, asked: 0, release: () => { for (const go of open.splice(0)) go() }, stop: () => undefined }
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch() {
    slow.asked++
    slow.most = Math.max(slow.most, ++slow.underWay)
    await new Promise<void>((resolve) => open.push(resolve))
    slow.underWay--
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'tiny', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })
  } })
  return Object.assign(slow, { url: `http://127.0.0.1:${server.port}/v1`, stop: () => {
    open = []
    void server.stop(true)
  } })
}

let small: Slow
let large: Slow
let gateway: Gateway

beforeAll(async () => {
  small = startSlow()
  large = startSlow()
  const price = (usd: string): string => `context: 1000, max_output: 100, price: { input: "${usd}", output: "${usd}" }`
  gateway = await startGateway({ config: `
providers:
  small: { base_url: "${small.url}", api_key: k, concurrency: 2, models: [{ id: acme/tiny, ${price('1')} }, { id: acme/alone, ${price('1')} }] }
  large: { base_url: "${large.url}", api_key: k, models: [{ id: acme/tiny, ${price('2')} }, { id: acme/one, ${price('1')}, concurrency: 1 }] }
` })
})
afterAll(async () => {
  await gateway.stop()
  small.stop()
  large.stop()
})

const call = (model: string): Promise<Response> => gateway.api('/chat/completions', { model, max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }], provider: { sort: 'price' } })

async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; looks < 400 && !holds(); looks++) await Bun.sleep(25)
}

describe('concurrency in the operator file', () => {
  test('what a provider has no place for goes to the next; its models share its places', async () => {
    const answers = Array.from({ length: 6 }, () => call('acme/tiny'))
    await until(() => small.underWay === 2 && large.underWay === 4)
    expect([small.most, large.most]).toEqual([2, 4])
    const full = await call('acme/alone')
    expect(full.status).toBe(429)
    expect(full.headers.get('retry-after')).toBe('1')
    const { error } = await full.json() as { error: { message: string; availability?: { code: string; retryable: boolean } } }
    expect(error.message).toContain('small is at its limit of calls at once')
    expect(error).toMatchObject({ availability: { code: 'capacity_exhausted', retryable: true, retry_after: 1 } })
    small.release()
    large.release()
    expect(await Promise.all(answers.map(async (answer) => (await answer).status))).toEqual(Array<number>(6).fill(200))
    const asked = small.asked
    const again = call('acme/alone')
    await until(() => small.asked > asked)
    small.release()
    expect((await again).status).toBe(200)
  })

  test("a model's own limit", async () => {
    const first = call('acme/one')
    await until(() => large.underWay === 1)
    expect((await call('acme/one')).status).toBe(429)
    large.release()
    expect((await first).status).toBe(200)
  })
})
