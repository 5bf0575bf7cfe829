import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROVIDER, PROVIDERS } from './columns.ts'
import { EXPLAINED } from './explained.ts'
import { CLIENTS } from './features.ts'
import { measureAll, pageOf, wordOf, type Place } from './matrix.ts'

/** How many places may be left out in silence. Lower it with the list; never raise it. */
const EXPLAINED_MAX = 56

const places = measureAll()
const saying = (place: Place): string => `${place.name}: ${place.client} → ${place.provider}`

describe('what becomes of each feature between each client and each provider', () => {
  test('nothing is lost in silence', () => {
    expect(places.filter((place) => wordOf(place) === 'LOST').map(saying)).toEqual([])
  })

  test('every explanation explains something, and there are no more of them than there were', () => {
    const used = new Set(places.map((place) => place.explained))
    expect(EXPLAINED.filter((row) => !used.has(row)).map((row) => row.name)).toEqual([])
    for (const row of EXPLAINED) {
      for (const provider of row.providers) expect(places.some((place) => place.explained === row && place.provider === provider), `${row.name} at ${provider}`).toBe(true)
    }
    expect(places.filter((place) => place.explained).length).toBeLessThanOrEqual(EXPLAINED_MAX)
  })

  test.each(CLIENTS)('%s: text goes both ways, errors arrive, and a stream says what a reply says', (client) => {
    const always = new Set(['text', 'error', 'stream says what the reply says'])
    const words = places.filter((place) => place.client === client && always.has(place.name)).map((place) => [saying(place), wordOf(place)])
    expect(words.length).toBe(PROVIDERS.length * (always.size + 1))
    expect(words.filter(([, word]) => word !== 'carried' && word !== 'mapped')).toEqual([])
  })

  test('a client of the same dialect is carried: nothing is refused, nor changed on the way', () => {
    const same = places.filter((place) => PROVIDER[place.provider].endpoint.provider.dialect === place.client && place.client !== 'openai-chat')
    expect(same.length).toBeGreaterThan(100)
    // A tier of another price is asked for by an endpoint of that price, or not at all.
    const isPriced = (place: (typeof same)[number]) => place.name === 'service tier' && wordOf(place) === 'warned: `service_tier`'
    // Labels of a call are what its cost is reported by here: the provider is not told whose it was.
    const isLabels = (place: (typeof same)[number]) => place.name === 'metadata'
    expect(same.filter((place) => !['carried', '—'].includes(wordOf(place)) && !isPriced(place) && !isLabels(place)).map((place) => `${saying(place)} is ${wordOf(place)}`)).toEqual([])
  })

  test('docs/dialects.md is what was measured (npm run matrix)', () => {
    expect(readFileSync(join(import.meta.dir, '..', '..', 'docs', 'dialects.md'), 'utf8')).toBe(pageOf(places))
  })
})
