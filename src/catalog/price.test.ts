import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { NO_USAGE, type Usage } from '../core/usage.ts'
import type { Price, PriceOverride } from './endpoint.ts'
import { comparablePrice, costOf, FREE, priceAt, priceFromUsdPerMillion, UNPRICED, usdPerToken, worstCost } from './price.ts'

const usd = (text: string): bigint => {
  const amount = priceFromUsdPerMillion(text)
  if (amount === undefined) throw new Error(`no price: ${text}`)
  return amount
}

/** Claude Sonnet 4.5's prices, with the tier it had. */
const SONNET: Price = {
  state: 'priced', prompt: usd('3'), completion: usd('15'), cacheRead: usd('0.3'), cacheWrite: usd('3.75'), cacheWriteHour: usd('6'),
  overrides: [{ promptTokensOver: 200_000, prompt: usd('6'), completion: usd('22.5'), cacheRead: usd('0.6'), cacheWrite: usd('7.5'), cacheWriteHour: usd('12') }],
}

describe('costOf', () => {
  test('I1, I7, I16: prices each bucket once', () => {
    const usage: Usage = { ...NO_USAGE, promptTokens: 10_000, cacheReadTokens: 6_000, cacheWriteTokens: 3_000, cacheWriteHourTokens: 1_000, completionTokens: 500 }
    // 1,000 × 3 + 6,000 × 0.3 + 2,000 × 3.75 + 1,000 × 6 = 18,300; 500 × 15 = 7,500 (millionths of a USD)
    expect(costOf(SONNET, usage)).toEqual({ total: 25_800_000n, prompt: 18_300_000n, completion: 7_500_000n, state: 'priced' })
  })

  test('changes to the prices of long prompts past their size, not at it', () => {
    expect(costOf(SONNET, { ...NO_USAGE, promptTokens: 200_000 }).total).toBe(600_000_000n)
    expect(costOf(SONNET, { ...NO_USAGE, promptTokens: 200_001 }).total).toBe(1_200_006_000n)
  })

  test('of several overrides the last that applies wins, key by key', () => {
    const price: Price = { ...FREE, state: 'priced', prompt: 100n, completion: 10n, overrides: [{ promptTokensOver: 10, prompt: 200n, completion: 20n }, { promptTokensOver: 100, prompt: 300n }] }
    const million = { ...NO_USAGE, promptTokens: 1_000_000, completionTokens: 1_000_000 }
    expect(costOf(price, million)).toMatchObject({ prompt: 300n, completion: 20n })
  })

  test('rounds the sum up, once', () => {
    const price: Price = { state: 'priced', prompt: 1n, completion: 1n }
    expect(costOf(price, { ...NO_USAGE, promptTokens: 1, completionTokens: 1 })).toEqual({ total: 1n, prompt: 1n, completion: 0n, state: 'priced' })
    expect(costOf(price, NO_USAGE).total).toBe(0n)
  })

  test('reasoning, audio, requests and images have their own price where there is one', () => {
    const price: Price = { state: 'priced', prompt: usd('1'), completion: usd('2'), reasoning: usd('3'), audioInput: usd('10'), audioOutput: usd('20'), request: 5_000_000n, image: 1_000n }
    const usage: Usage = { ...NO_USAGE, promptTokens: 100, promptAudioTokens: 40, completionTokens: 100, reasoningTokens: 30, completionAudioTokens: 20 }
    const { prompt, completion, total } = costOf(price, usage, 2)
    expect(prompt).toBe(60_000n + 400_000n + 5_000_000n + 2_000n)
    expect(completion).toBe(50n * 2_000n + 30n * 3_000n + 20n * 20_000n)
    expect(total).toBe(prompt + completion)
  })

  test('without a price for reasoning and audio they cost what the rest costs', () => {
    const usage: Usage = { ...NO_USAGE, promptTokens: 100, promptAudioTokens: 100, completionTokens: 100, reasoningTokens: 100 }
    expect(costOf({ state: 'priced', prompt: usd('1'), completion: usd('2') }, usage).total).toBe(300_000n)
  })

  test('free and unpriced are 0, and say which of both', () => {
    const usage = { ...NO_USAGE, promptTokens: 1000 }
    expect(costOf(FREE, usage)).toEqual({ total: 0n, prompt: 0n, completion: 0n, state: 'free' })
    expect(costOf(UNPRICED, usage)).toEqual({ total: 0n, prompt: 0n, completion: 0n, state: 'unpriced' })
  })

  test('counts that contradict each other do not make a bill negative', () => {
    const usage: Usage = { ...NO_USAGE, promptTokens: 10, cacheReadTokens: 50, cacheWriteTokens: 50, cacheWriteHourTokens: 90, promptAudioTokens: 99, completionTokens: 5, reasoningTokens: 70, completionAudioTokens: 80 }
    expect(costOf(SONNET, usage)).toEqual({ total: 78_000n, prompt: 3_000n, completion: 75_000n, state: 'priced' })
    expect(costOf(SONNET, { ...NO_USAGE, promptTokens: Number.NaN, completionTokens: -5 }).total).toBe(0n)
  })
})

const amount = fc.bigInt({ min: 0n, max: 1_000_000_000_000n })
const maybe = fc.option(amount, { nil: undefined })
const count = fc.nat(5_000_000)

/** Prices as sane providers have them: reading a cache is not dearer than not to, writing is not cheaper, long prompts cost more. */
const sanePrice = fc.record({ prompt: amount, completion: amount, readShare: fc.nat(100), writeShare: fc.integer({ min: 100, max: 300 }), hourShare: fc.integer({ min: 0, max: 200 }), reasoning: maybe, audioInput: maybe, audioOutput: maybe, request: maybe, over: fc.nat(400_000), factor: fc.integer({ min: 1, max: 4 }) })
  .map(({ prompt, completion, readShare, writeShare, hourShare, over, factor, ...rest }): Price => {
    const cacheRead = (prompt * BigInt(readShare)) / 100n
    const cacheWrite = (prompt * BigInt(writeShare)) / 100n
    const cacheWriteHour = cacheWrite + (prompt * BigInt(hourShare)) / 100n
    const times = BigInt(factor)
    const more = { promptTokensOver: over, prompt: prompt * times, completion: completion * times, cacheRead: cacheRead * times, cacheWrite: cacheWrite * times, cacheWriteHour: cacheWriteHour * times }
    const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
    return { state: 'priced', prompt, completion, cacheRead, cacheWrite, cacheWriteHour, ...set, overrides: [more] }
  })

const someUsage = fc.record({ uncached: count, read: count, write: count, hourShare: fc.nat(100), completion: count, reasoningShare: fc.nat(100), audioShare: fc.nat(100) })
  .map(({ uncached, read, write, hourShare, completion, reasoningShare, audioShare }): Usage => ({
    ...NO_USAGE, promptTokens: uncached + read + write, cacheReadTokens: read, cacheWriteTokens: write, cacheWriteHourTokens: Math.floor((write * hourShare) / 100),
    promptAudioTokens: Math.floor((uncached * audioShare) / 100), completionTokens: completion, reasoningTokens: Math.floor((completion * reasoningShare) / 100),
  }))

describe('properties', () => {
  test('parts add up and are never negative', () => {
    fc.assert(fc.property(sanePrice, someUsage, fc.nat(5), (price, usage, images) => {
      const cost = costOf(price, usage, images)
      expect(cost.prompt + cost.completion).toBe(cost.total)
      expect(cost.prompt >= 0n && cost.completion >= 0n).toBe(true)
    }))
  })

  test('more tokens never cost less', () => {
    fc.assert(fc.property(sanePrice, someUsage, count, (price, usage, more) => {
      const cost = costOf(price, usage).total
      expect(costOf(price, { ...usage, promptTokens: usage.promptTokens + more }).total >= cost).toBe(true)
      expect(costOf(price, { ...usage, completionTokens: usage.completionTokens + more }).total >= cost).toBe(true)
    }))
  })

  test('a cache hit is never dearer than a miss', () => {
    fc.assert(fc.property(sanePrice, fc.nat(300_000), fc.nat(300_000), (price, prompt, hit) => {
      const miss = costOf(price, { ...NO_USAGE, promptTokens: prompt })
      expect(costOf(price, { ...NO_USAGE, promptTokens: prompt, cacheReadTokens: Math.min(hit, prompt) }).total <= miss.total).toBe(true)
    }))
  })

  test('no call costs more than its worst case', () => {
    fc.assert(fc.property(sanePrice, someUsage, fc.nat(1000), fc.integer({ min: 1, max: 4 }), fc.nat(3), (price, usage, slack, choices, images) => {
      const completionMax = Math.ceil(usage.completionTokens / choices) + slack
      expect(costOf(price, usage, images).total <= worstCost(price, usage.promptTokens + slack, completionMax, choices, images)).toBe(true)
    }))
  })

  test('the price of a token is the price of a million, a million times less', () => {
    fc.assert(fc.property(amount, (price) => {
      const [whole = '', fraction = ''] = usdPerToken(price).split('.')
      expect(BigInt(whole + fraction.padEnd(15, '0'))).toBe(price)
    }))
  })
})

describe('reading and comparing', () => {
  test('a price is a decimal that is not negative', () => {
    expect(priceFromUsdPerMillion('0.10')).toBe(100_000_000n)
    expect(priceFromUsdPerMillion('0.0000000001')).toBeUndefined()
    for (const wrong of ['-1', 'free', '', '1,5', 'NaN', '0x10', '$1']) expect(priceFromUsdPerMillion(wrong)).toBeUndefined()
  })

  test('the contract shows it per token', () => {
    expect([usdPerToken(usd('3')), usdPerToken(usd('0.075')), usdPerToken(0n), usdPerToken(usd('1000000'))]).toEqual(['0.000003', '0.000000075', '0', '1'])
  })

  test('prices compare as their prompts and answers do', () => {
    const [cheap, dear] = ['1', '3'].map((text): Price => ({ state: 'priced', prompt: usd(text), completion: usd(text) }))
    if (!cheap || !dear) throw new Error('two prices')
    expect(comparablePrice(dear)).toBe(comparablePrice(cheap) * 3n)
    expect(comparablePrice(FREE)).toBe(0n)
  })

  test('the worst case of what has no price is 0', () => {
    expect([worstCost(FREE, 1000, 1000), worstCost(UNPRICED, 1000, 1000)]).toEqual([0n, 0n])
  })
})

describe('C59: prices by the hour', () => {
  const at = (time: string) => Date.parse(`2026-03-01T${time}Z`)
  const usage = { ...NO_USAGE, promptTokens: 1_000_000 }
  const price = (...overrides: readonly PriceOverride[]): Price => ({ state: 'priced', prompt: 10n, completion: 20n, overrides })
  const costAt = (it: Price, time: string, promptTokens = 1_000_000) => costOf(priceAt(it, at(time)), { ...usage, promptTokens }).total

  test('a window is half open', () => {
    const it = price({ promptTokensOver: -1, hours: { fromMinute: 60, toMinute: 120 }, prompt: 3n })
    expect(['00:59:59', '01:00:00', '01:59:59', '02:00:00'].map((time) => costAt(it, time))).toEqual([10n, 3n, 3n, 10n])
  })

  test('a window may go over midnight', () => {
    const it = price({ promptTokensOver: -1, hours: { fromMinute: 1380, toMinute: 60 }, prompt: 3n })
    expect(['22:59:59', '23:00:00', '00:00:00', '00:59:59', '01:00:00'].map((time) => costAt(it, time))).toEqual([10n, 3n, 3n, 3n, 10n])
  })

  test('later entries win, key by key, and what they leave out stays', () => {
    const it = price({ promptTokensOver: 200_000, prompt: 7n, completion: 8n }, { promptTokensOver: -1, hours: { fromMinute: 0, toMinute: 60 }, prompt: 3n })
    expect(costAt(it, '00:30:00', 1_000_000)).toBe(3n)
    expect(costOf(priceAt(it, at('00:30:00')), { ...usage, completionTokens: 1_000_000 })).toMatchObject({ prompt: 3n, completion: 8n })
    expect(costAt(it, '12:00:00', 1_000_000)).toBe(7n)
    expect(costAt(it, '12:00:00', 200_000)).toBe(2n)
  })

  test('the bound of a hold knows them', () => {
    const it = price({ promptTokensOver: -1, hours: { fromMinute: 0, toMinute: 60 }, prompt: 30n })
    expect(worstCost(priceAt(it, at('00:30:00')), 1_000_000, 0)).toBe(30n)
    expect(worstCost(priceAt(it, at('12:30:00')), 1_000_000, 0)).toBe(10n)
  })

  test('a price without hours is the same object at any time', () => {
    const it = price({ promptTokensOver: 5, prompt: 1n })
    expect(priceAt(it, 0)).toBe(it)
  })
})
