import { describe, expect, test } from 'bun:test'
import { endpoint, model, provider, snapshot } from '../../test/openapi/fake-services.ts'
import { NO_USAGE } from '../core/usage.ts'
import type { Markup, Price } from './endpoint.ts'
import { markedUp, readPercent } from './markup.ts'
import { costOf } from './price.ts'
import { listedPrice, NO_PRICES, priceListJson, readPriceList } from './price-list.ts'
import { pricedFor } from './priced.ts'

const PRICE: Price = { state: 'priced', prompt: 1_000_000_001n, completion: 3n, cacheRead: 0n, request: 7n, overrides: [{ promptTokensOver: 10, prompt: 100n }] }

describe('a price with a markup', () => {
  test('has each amount marked up by itself, rounded up, in its overrides too', () => {
    expect(markedUp(PRICE, 1_250)).toEqual({ state: 'priced', prompt: 1_125_000_002n, completion: 4n, cacheRead: 0n, request: 8n, overrides: [{ promptTokensOver: 10, prompt: 113n }] })
    expect(markedUp(PRICE, -10_000)).toMatchObject({ prompt: 0n, completion: 0n, request: 0n })
  })

  test('is the price itself without one, and nothing more is asked where nothing is known', () => {
    expect(markedUp(PRICE, 0)).toBe(PRICE)
    const unpriced: Price = { state: 'unpriced', prompt: 0n, completion: 0n }
    expect(markedUp(unpriced, 500)).toBe(unpriced)
  })

  test('is made once', () => { expect(markedUp(PRICE, 1)).toBe(markedUp(PRICE, 1)) })

  test('is never less than the share of what a call costs without it, and at most a nano-dollar more for each amount and million', () => {
    const usage = { ...NO_USAGE, promptTokens: 999_999, completionTokens: 123_457 }
    for (const basisPoints of [1, 33, 999, 1_250, 20_000]) {
      const exact = (costOf(PRICE, { ...usage, promptTokens: 9 }).total * BigInt(10_000 + basisPoints)) / 10_000n
      const marked = costOf(markedUp(PRICE, basisPoints), { ...usage, promptTokens: 9 }).total
      expect(marked >= exact - 1n && marked <= exact + 4n).toBe(true)
    }
  })
})

test.each([['20', 2_000], ['12.5', 1_250], ['-10', -1_000], ['0.01', 1], ['-100', -10_000], ['300', 30_000], ['-100.01', undefined], ['1.234', undefined], ['ten', undefined], ['', undefined]] as const)('readPercent %p', (text, basisPoints) => {
  expect(readPercent(text)).toBe(basisPoints)
})

describe('price lists', () => {
  const own = readPriceList({ markupBasisPoints: null, models: { 'openai/gpt-x': { prompt: '2', completion: '3' } } })
  const named = readPriceList({ markupBasisPoints: 5_000, models: { 'openai/*': { prompt: '1', completion: '1' }, 'constructor/*': { prompt: '9', completion: '9' } } })
  const base: Price = { state: 'priced', prompt: 10n, completion: 20n }

  test('the first that names the model decides, then the first markup', () => {
    expect(listedPrice([own, named], 'openai/gpt-x', base).prompt).toBe(2_000_000_000n)
    expect(listedPrice([own, named], 'openai/gpt-y', base).prompt).toBe(1_000_000_000n)
    expect(listedPrice([own, named], 'acme/tiny', base)).toEqual({ state: 'priced', prompt: 15n, completion: 30n })
    expect(listedPrice([own], 'acme/tiny', base)).toBe(base)
    // A search is none of its amounts, and not for nothing.
    const searching: Price = { ...base, webSearch: 10_000_000n }
    expect(listedPrice([own, named], 'openai/gpt-x', searching)).toMatchObject({ prompt: 2_000_000_000n, webSearch: 15_000_000n })
    expect(listedPrice([own], 'openai/gpt-x', searching).webSearch).toBe(10_000_000n)
    expect(listedPrice([NO_PRICES], 'constructor', base)).toBe(base)
  })

  test('are read back as they were', () => { expect(readPriceList(priceListJson(named))).toEqual(named) })
})

describe("the operator's markups", () => {
  const [groq, acme] = [provider('groq'), provider('acme')]
  const tier: Price = { state: 'priced', prompt: 50n, completion: 100n }
  const catalogue = (markups: readonly Markup[]) => ({ ...snapshot([model('openai/gpt', [endpoint('openai/gpt', groq), endpoint('openai/gpt', acme, { tierPrices: new Map([['flex' as const, tier]]) })]), model('meta/llama', [endpoint('meta/llama', groq)])]), markups })
  const promptOf = (markups: readonly Markup[], id: string, at = 0, account?: string) => pricedFor(catalogue(markups), account).models.get(id)?.endpoints[at]?.price.prompt

  test('the rule that says most holds: account, model, provider; of equals the last', () => {
    const rules: Markup[] = [{ basisPoints: 2_000 }, { provider: 'groq', basisPoints: 3_000 }, { model: 'openai/*', basisPoints: 4_000 }, { model: 'openai/gpt', provider: 'groq', basisPoints: 5_000 }, { account: 'a', basisPoints: -1_000 }, { account: 'a', basisPoints: -2_000 }]
    expect([promptOf(rules, 'openai/gpt', 0), promptOf(rules, 'openai/gpt', 1), promptOf(rules, 'meta/llama')]).toEqual([1_500_000_000n, 1_400_000_000n, 1_300_000_000n])
    expect(promptOf(rules, 'openai/gpt', 0, 'a')).toBe(800_000_000n)
    expect(promptOf(rules, 'openai/gpt', 0, 'b')).toBe(1_500_000_000n)
  })

  test('accounts whose rules say the same have one catalogue', () => {
    const all = catalogue([{ basisPoints: 2_000 }, { account: 'a', basisPoints: -1_000 }, { account: 'b', basisPoints: -1_000 }, { account: 'c', model: 'openai/*', basisPoints: -1_000 }, { account: 'd', basisPoints: 2_000 }])
    expect(pricedFor(all, 'a')).toBe(pricedFor(all, 'b'))
    expect(pricedFor(all, 'x')).toBe(pricedFor(all, undefined))
    expect(new Set(['a', 'c', 'd', 'x'].map((account) => pricedFor(all, account))).size).toBe(4)
  })

  test('list price stays beside it, tiers have it too, and what nothing is asked for is the same object', () => {
    const all = catalogue([{ provider: 'acme', basisPoints: 1_000 }])
    const view = pricedFor(all, undefined)
    const [ofGroq, ofAcme] = view.models.get('openai/gpt')?.endpoints ?? []
    expect(ofGroq).toBe(all.models.get('openai/gpt')?.endpoints[0] as never)
    expect(ofAcme).toMatchObject({ price: { prompt: 1_100_000_000n }, markup: { basisPoints: 1_000, list: { price: { prompt: 1_000_000_000n } } } })
    expect(ofAcme?.tierPrices?.get('flex')?.prompt).toBe(55n)
    expect(view.models.get('meta/llama')).toBe(all.models.get('meta/llama') as never)
  })

  test('views are shared by all who are asked the same', () => {
    const all = catalogue([{ basisPoints: 100 }, { account: 'a', basisPoints: 0 }])
    expect(pricedFor(all, 'b')).toBe(pricedFor(all, undefined))
    expect(pricedFor(all, 'a')).not.toBe(pricedFor(all, 'b'))
    const none = snapshot([])
    expect(pricedFor(none, 'a')).toBe(none)
  })
})
