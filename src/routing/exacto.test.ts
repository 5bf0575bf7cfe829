import { describe, expect, test } from 'bun:test'
import { LITTLE_KNOWN, PROVEN, qualities, WEAK } from './exacto.ts'
import type { EndpointHealth } from './health.ts'
import { at, callFor, catalogue, healthOf, plan, tags, viewOf } from './small-catalogue.test.ts'
import { route } from './route.ts'

/** An endpoint that enough is known of: tokens a second, and the share of its calls with a bad tool call. */
function known(speed: number, errorRate = 0.01): EndpointHealth {
  return { outage: false, state: 'normal', throughput: { p50: speed, p75: speed, p90: speed, p99: speed }, calls30m: 100, toolCalls: { calls2h: 200, errorRate } }
}
const UNKNOWN: EndpointHealth = { outage: false, state: 'normal' }

describe('C36: classes among peers', () => {
  test('fewer than four are not compared', () => {
    expect(qualities([known(1), known(100), known(100)])).toBeUndefined()
  })

  test('nothing known of any changes nothing', () => {
    expect(qualities([UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN])).toBeUndefined()
  })

  test('much slower than the median, by the peers’ own spread, is weak', () => {
    expect(qualities([known(100), known(110), known(90), known(20)])).toEqual([PROVEN, PROVEN, PROVEN, WEAK])
    expect(qualities([known(100), known(40), known(160), known(20)])).toEqual([PROVEN, PROVEN, PROVEN, PROVEN])
  })

  test('far more bad tool calls than the median is weak, far fewer is not', () => {
    expect(qualities([known(100, 0.01), known(100, 0.02), known(100, 0.03), known(100, 0.3), known(100, 0)])).toEqual([PROVEN, PROVEN, PROVEN, WEAK, PROVEN])
  })

  test('below 100 calls in half an hour or 200 tool calls in two hours too little is known', () => {
    const few = { ...known(100), calls30m: 99 }
    const fewTools = { ...known(100), toolCalls: { calls2h: 199, errorRate: 0 } }
    expect(qualities([known(100), few, fewTools, UNKNOWN, known(100), known(100), known(100)])).toEqual([PROVEN, LITTLE_KNOWN, LITTLE_KNOWN, LITTLE_KNOWN, PROVEN, PROVEN, PROVEN])
  })
})

const FIVE = catalogue({ 'a/m': ['weak', 'new', 'c', 'd', 'e'].map((tag, place) => at(tag, { usd: String(place + 1), parameters: new Set(['tools']) })) })
const STATES = { weak: known(100, 0.5), c: known(100), d: known(110), e: known(90) }
const TOOLS = { parameters: ['tools'] }

describe('C35: with tools, quality goes before price', () => {
  test('proven, then little known, then weak', () => {
    const made = plan(FIVE, callFor('a/m', {}, TOOLS), STATES)
    expect(tags(made)).toEqual(['c', 'd', 'e', 'new', 'weak'])
    expect(made.steps.map(({ reason }) => reason).slice(3)).toEqual(['little known with tools yet', 'weaker than its peers with tools'])
  })

  test('only the proven are drawn from', () => {
    const firsts = new Set<string | undefined>()
    for (let draw = 0; draw < 1; draw += 0.01) firsts.add(tags(route(callFor('a/m', {}, TOOLS), viewOf(FIVE, healthOf(STATES), () => draw)))[0])
    expect([...firsts].sort()).toEqual(['c', 'd', 'e'])
  })

  test('without tools it does not count, nor where the client sorts or says :floor', () => {
    for (const call of [callFor('a/m'), callFor('a/m', { sort: 'price' }, TOOLS), callFor('a/m:floor', {}, TOOLS)]) expect(tags(plan(FIVE, call, STATES))[0]).toBe('weak')
  })

  test('C34: :exacto and sort exacto ask for it without tools', () => {
    for (const call of [callFor('a/m:exacto'), callFor('a/m', { sort: 'exacto' })]) expect(tags(plan(FIVE, call, STATES))).toEqual(['c', 'd', 'e', 'new', 'weak'])
    expect(tags(plan(FIVE, callFor('a/m:exacto', { sort: 'price' }), STATES))[0]).toBe('weak')
  })

  test('health beats it', () => {
    expect(tags(plan(FIVE, callFor('a/m', {}, TOOLS), { ...STATES, c: { ...known(100), outage: true } }))).toEqual(['d', 'e', 'new', 'weak', 'c'])
  })
})
