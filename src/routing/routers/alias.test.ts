import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Alias, Arm } from '../../catalog/alias.ts'
import { route } from '../route.ts'
import { at, callFor, catalogue, faultOf, viewOf } from '../small-catalogue.test.ts'
import { rankArms } from './alias.ts'

const armsOf = (shares: Readonly<Record<string, number>>): Arm[] => Object.entries(shares).map(([id, percent]) => ({ id, percent }))
const aliasOf = (shares: Readonly<Record<string, number>>, more: Partial<Alias> = {}): Alias => ({ name: 'fast', arms: armsOf(shares), fallbacks: [], hidden: false, ...more })

const MODELS = catalogue({ 'a/x': [at('openai', { usd: '1' })], 'b/y': [at('groq', { usd: '1' })], 'c/z': [at('together', { usd: '1' })] })
const with_ = (alias: Alias) => ({ ...MODELS, ownAliases: new Map([[alias.name, alias]]) })
const HALVES = with_(aliasOf({ 'a/x': 50, 'b/y': 50 }))

const USERS = 4_000
/** More than five standard deviations of a share among so many users. */
const SLACK = 0.04
const users = (seed: string): string[] => Array.from({ length: USERS }, (_, index) => `u:${seed}-${index}`)
const armOf = (alias: Alias, user: string): string | undefined => rankArms(alias, user)[0]?.id

/** Whole shares of three arms that come to 100. */
const shares = fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 })).map(([one, two]) => {
  const [low = 0, high = 0] = [one, two].toSorted((a, b) => a - b)
  return { 'a/x': low, 'b/y': high - low, 'c/z': 100 - high }
})

describe('who gets which arm', () => {
  test('the shares are kept, whatever they are', () => {
    fc.assert(fc.property(shares, fc.string({ maxLength: 8 }), (said, seed) => {
      const counts = new Map<string, number>()
      for (const user of users(seed)) {
        const arm = armOf(aliasOf(said), user) ?? ''
        counts.set(arm, (counts.get(arm) ?? 0) + 1)
      }
      for (const [id, percent] of Object.entries(said)) expect(Math.abs((counts.get(id) ?? 0) / USERS - percent / 100)).toBeLessThan(percent === 0 ? 1e-9 : SLACK)
    }), { numRuns: 15 })
  })

  test('when shares change, nobody moves between arms that stay as they were, and no more move than must', () => {
    fc.assert(fc.property(shares, shares, (before, after) => {
      const change = Object.keys(before).reduce((sum, id) => sum + Math.abs(before[id as keyof typeof before] - after[id as keyof typeof after]), 0) / 200
      let moved = 0
      for (const user of users('s')) {
        const [from, to] = [armOf(aliasOf(before), user), armOf(aliasOf(after), user)]
        if (from === to) continue
        moved++
        // It left an arm that lost, or came to one that won.
        expect(isLess(before, after, from) || isLess(after, before, to)).toBe(true)
      }
      expect(moved / USERS).toBeLessThan((2 * change) / (1 + change) + SLACK)
    }), { numRuns: 15 })
  })

  test('of two arms exactly those move whom the change moves, in one direction', () => {
    const [before, after] = [aliasOf({ 'a/x': 90, 'b/y': 10 }), aliasOf({ 'a/x': 75, 'b/y': 25 })]
    const moves = users('t').map((user) => `${armOf(before, user)} ${armOf(after, user)}`)
    expect(moves).not.toContain('b/y a/x')
    expect(Math.abs(moves.filter((move) => move === 'a/x b/y').length / USERS - 0.15)).toBeLessThan(SLACK)
  })

  test('the order of the arms in the file does not matter, the name of the alias does', () => {
    const [one, other] = [aliasOf({ 'a/x': 50, 'b/y': 50 }), aliasOf({ 'b/y': 50, 'a/x': 50 })]
    const renamed = aliasOf({ 'a/x': 50, 'b/y': 50 }, { name: 'slow' })
    expect(users('o').every((user) => armOf(one, user) === armOf(other, user))).toBe(true)
    const same = users('o').filter((user) => armOf(one, user) === armOf(renamed, user)).length / USERS
    expect(Math.abs(same - 0.5)).toBeLessThan(SLACK)
  })
})

function isLess(of: Readonly<Record<string, number>>, than: Readonly<Record<string, number>>, id: string | undefined): boolean {
  return (of[id ?? ''] ?? 0) > (than[id ?? ''] ?? 0)
}

describe('C61: alias', () => {
  const first = (body: object, stickyId = 'key-1', alias = HALVES) => route(callFor('Fast', {}, {}, body), { ...viewOf(alias), stickyId })

  test('the Plan is that of the arm, and says which and why', () => {
    const plan = first({ user: 'ann' })
    const model = plan.steps[0]?.endpoint.modelId
    expect(['a/x', 'b/y']).toContain(model ?? '')
    expect(plan.steps).toHaveLength(1)
    expect(plan).toMatchObject({ strategy: 'alias', stages: [{ type: 'router', name: 'alias', summary: `fast is ${model} (50% of users; by user)`, data: { alias: 'fast', model, percent: 50, by: 'user' } }] })
    expect(JSON.stringify(plan.stages)).not.toContain('ann')
  })

  test('sticky by user, then by conversation, then by key', () => {
    const byOf = (body: object): unknown => first(body).stages[0]?.data?.['by']
    expect([byOf({ user: 'ann', session_id: 's' }), byOf({ session_id: 's' }), byOf({ prompt_cache_key: 'p' }), byOf({})]).toEqual(['user', 'conversation', 'conversation', 'key'])
    const modelsOf = (make: (index: number) => ReturnType<typeof first>) => new Set(Array.from({ length: 40 }, (_, index) => make(index).steps[0]?.endpoint.modelId)).size
    expect(modelsOf((index) => first({ user: 'ann', session_id: `s${index}` }, `key-${index}`))).toBe(1)
    expect(modelsOf((index) => first({ user: `ann-${index}` }))).toBe(2)
    expect(modelsOf((index) => first({}, `key-${index}`))).toBe(2)
  })

  test('a variant goes with it, fallbacks come after it, other arms do not', () => {
    const alias = with_(aliasOf({ 'a/x': 100, 'b/y': 0 }, { fallbacks: ['c/z', 'a/x'] }))
    expect(route(callFor('fast:floor'), viewOf(alias)).steps.map(({ requested }) => requested)).toEqual(['a/x:floor', 'c/z:floor'])
  })

  test('an alias of one model has no stage to tell', () => {
    expect(first({}, 'k', with_(aliasOf({ 'a/x': 100 })))).toMatchObject({ strategy: 'alias', stages: [] })
  })

  test('a model that is not here leaves its users to another arm; where none is here the error names it', () => {
    const half = first({}, 'k', with_(aliasOf({ 'ollama/gone': 99.99, 'b/y': 0.01 })))
    expect(half.steps[0]?.endpoint.modelId).toBe('b/y')
    expect(half.stages[0]?.summary).toContain('in the place of a model that is not here')
    expect(faultOf(() => first({}, 'k', with_(aliasOf({ 'ollama/gone': 100 })))).message).toContain('ollama/gone')
  })

  test('among several models it is one of them', () => {
    expect(route(callFor(['c/z', 'fast']), viewOf(with_(aliasOf({ 'a/x': 100 }))))).toMatchObject({ strategy: 'fallback', steps: [{ requested: 'c/z' }, { requested: 'a/x' }] })
  })
})
