import { describe, expect, test } from 'bun:test'
import { ask, fakeServices, keyRecord } from '../../../test/openapi/fake-services.ts'
import { at, catalogue } from '../../routing/small-catalogue.test.ts'
import { UNKNOWN_HEALTH } from '../../routing/health.ts'

const OWN = keyRecord({})
const SNAPSHOT = catalogue({ 'a/m': [at('one', { usd: '1' }), at('two', { usd: '2' }), at('keeps', { usd: '1', provider: { retainsPrompts: true } }), at('off', { usd: '1', provider: { notReady: 'turned off' } })] })
const HELLO = [{ role: 'user', content: 'hello there, how are you?' }]

interface Explained {
  readonly steps: readonly { readonly tag: string; readonly reason: string; readonly first_probability: number | null; readonly cost_expected: number; readonly cost_max: number; readonly health: { readonly state: string } }[]
  readonly excluded: readonly { readonly tag: string; readonly rule: string; readonly field: string | null }[]
  readonly relax: readonly { readonly field: string; readonly adds: readonly string[] }[]
  readonly error: { readonly code: number; readonly availability: { readonly code: string; readonly docs_url: string } } | null
  readonly cost_max: number
  readonly assumed: { readonly prompt_tokens: number; readonly completion_tokens: number }
}

async function explained(body: Record<string, unknown>, query = '', services = fakeServices(SNAPSHOT)): Promise<Explained> {
  const answer = await ask(services, 'POST', `/route/explain${query}`, { as: OWN, body: { model: 'a/m', messages: HELLO, ...body } })
  // The route's own shape; what is missing fails the test that looks at it.
  return (answer.body as { data: Explained }).data
}

describe('POST /route/explain', () => {
  test('the order with reasons, odds and costs', async () => {
    const { steps, cost_max: held, assumed } = await explained({ provider: { zdr: true }, max_tokens: 100 })
    expect(steps.map(({ tag, first_probability: odds }) => [tag, odds])).toEqual([['one', 0.8], ['two', 0.2]])
    expect(steps[0]?.reason).toBe('drawn by price among 2 healthy')
    expect(assumed.completion_tokens).toBe(100)
    expect(steps[1]?.cost_expected).toBeCloseTo((assumed.prompt_tokens + 100) * 2e-6, 9)
    expect(steps[1]?.cost_max).toBe(held)
  })

  test('who is out, by which rule, and what asking otherwise would add', async () => {
    const { excluded, relax, error } = await explained({ provider: { zdr: true, only: ['keeps', 'two', 'off'] } })
    expect(excluded.map(({ tag, rule, field }) => [tag, rule, field])).toEqual([['one', 'not_in_only', 'provider.only'], ['keeps', 'data_policy:zdr', 'provider.zdr'], ['off', 'not_ready', null]])
    expect(relax.map(({ field, adds }) => [field, adds])).toEqual([['provider.only', ['a/m@one']], ['provider.zdr', ['a/m@keeps']]])
    expect(error).toBeNull()
  })

  test('a call that would be refused is explained, not refused', async () => {
    const { steps, relax, error } = await explained({ provider: { max_price: { prompt: 0.5 } } })
    expect(steps).toEqual([])
    expect(error).toMatchObject({ code: 404, availability: { code: 'constraint_filtered' } })
    expect(relax).toMatchObject([{ field: 'provider.max_price', adds: ['a/m@one', 'a/m@keeps', 'a/m@two'] }])
  })

  test('the refusal names its page whole, as that of the call does', async () => {
    expect((await explained({ provider: { only: ['nobody'] } })).error?.availability.docs_url).toMatch(/^http:.*\/docs\/errors#constraint_filtered$/)
  })

  test('an endpoint that comes back says so, with its part of the calls', async () => {
    const services = fakeServices(SNAPSHOT)
    services.healthOf.set('a/m@one', { ...UNKNOWN_HEALTH, share: 0.4 })
    expect((await explained({ provider: { zdr: true } }, '', services)).steps[0]?.health).toMatchObject({ state: 'recovering', share: 0.4 })
  })

  test('a request of another API', async () => {
    expect((await explained({ messages: undefined, input: 'hello' }, '?api=responses')).steps).toHaveLength(3)
    expect((await explained({ max_tokens: 5 }, '?api=messages')).steps).toHaveLength(3)
  })

  test('health is shown as it is now', async () => {
    const services = fakeServices(SNAPSHOT)
    services.healthOf.set('a/m@one', { ...UNKNOWN_HEALTH, outage: true })
    expect((await explained({ provider: { zdr: true } }, '', services)).steps.map(({ tag, health }) => [tag, health.state])).toEqual([['two', 'normal'], ['one', 'outage']])
  })

  test('an unknown model or a bad request is an error', async () => {
    expect(await ask(fakeServices(SNAPSHOT), 'POST', '/route/explain', { as: OWN, body: { model: 'no/such', messages: HELLO } })).toMatchObject({ status: 400 })
    expect(await ask(fakeServices(SNAPSHOT), 'POST', '/route/explain?api=video', { as: OWN, body: {} })).toMatchObject({ status: 400 })
  })
})
