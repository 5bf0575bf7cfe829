import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatUsd, parseUsd } from '../../src/core/nano.ts'
import { FREE_OFFERINGS } from '../../src/catalog/feed/access.ts'
import { readFeedFile } from '../../src/catalog/feed/feed.ts'
import { formatRows, makeRows } from '../../src/catalog/feed/make-rows.ts'
import { catalogueRows } from '../../src/catalog/rows.ts'
import { describeShared, hasShared, sharedPath } from '../../test/shared.ts'

const catalog = join(import.meta.dir, '..', '..', 'src', 'catalog')

describeShared('the catalogue of the feed’s file', () => {
  // The body of a skipped describe runs all the same.
  const text = hasShared ? readFileSync(sharedPath('catalog', 'models-dev.json'), 'utf8') : '{}'

  test('is what `npm run catalogue` makes, to the byte, and made twice is the same', () => {
    const made = formatRows(makeRows(readFeedFile(JSON.parse(text))))
    expect(formatRows(makeRows(readFeedFile(JSON.parse(text))))).toEqual(made)
    expect(readFileSync(join(catalog, 'models', 'models.json'), 'utf8') === made.models).toBe(true)
    expect(readFileSync(join(catalog, 'providers', 'providers.json'), 'utf8') === made.providers).toBe(true)
  })

  test('has every price as the feed writes it', () => {
    const offerings: Record<string, Record<string, { cost?: Record<string, number>; experimental?: { modes?: Record<string, { cost?: Record<string, number> }> } }>> = JSON.parse(text).offerings
    let compared = 0
    for (const model of catalogueRows().models) {
      for (const { provider, upstream, price, tier } of model.endpoints) {
        if (price === undefined || price === 'free') continue
        const offering = offerings[provider]?.[upstream]
        const cost = (tier === undefined ? offering?.cost : offering?.experimental?.modes?.['fast']?.cost) ?? {}
        for (const [key, value] of [['input', price.input], ['output', price.output]] as const) {
          expect(`${provider} ${upstream} ${key} ${value}`).toBe(`${provider} ${upstream} ${key} ${nineDecimals(cost[key])}`)
          compared++
        }
        for (const key of ['cache_read', 'reasoning', 'input_audio', 'output_audio'] as const) {
          if (cost[key] === undefined) continue
          expect(`${provider} ${upstream} ${key} ${price[key]}`).toBe(`${provider} ${upstream} ${key} ${nineDecimals(cost[key])}`)
          compared++
        }
      }
    }
    expect(compared).toBeGreaterThan(8000)
  })

  test('is large, and gives nothing away that is not surely free', () => {
    const { models, providers } = catalogueRows()
    expect([models.length >= 341, providers.length >= 60]).toEqual([true, true])
    const free = models.flatMap(({ id, endpoints }) => endpoints.filter(({ price }) => price === 'free' && !id.endsWith(':free')).map(({ provider, upstream }) => `${provider} ${upstream}`))
    expect(free.filter((offer) => !FREE_OFFERINGS.has(offer))).toEqual([])
  })

  test('loses no offering that a chat can be sent to', () => {
    const { notes } = makeRows(readFeedFile(JSON.parse(text)))
    expect(notes.filter((note) => note.kind === 'price')).toEqual([])
    expect(notes.filter((note) => note.kind === 'twice').length).toBeLessThan(10)
  })
})

/** A JSON number as our data writes it, by another way than the builder's: through the printer of decimals. */
function nineDecimals(value: number | undefined): string {
  const amount = value === undefined ? undefined : parseUsd(value.toFixed(9))
  return amount === undefined ? 'missing' : formatUsd(amount)
}
