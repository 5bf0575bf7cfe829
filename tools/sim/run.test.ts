import { expect, test } from 'bun:test'
import { simulate, type Result } from './run.ts'
import { STRATEGIES } from './strategies.ts'

const SETTINGS = { calls: 5_000, callsPerSecond: 0.25, seed: 5 }

function runAll(): Map<string, Result> {
  return new Map(STRATEGIES.map((make) => simulate(make, SETTINGS)).map((result) => [result.name, result]))
}

function get(results: ReadonlyMap<string, Result>, name: string): Result {
  const found = results.get(name)
  if (!found) throw new Error(`no strategy is named ${name}`)
  return found
}

test('a seed says it all: two runs are the same, and the router fails over less than those that learn nothing', () => {
  const results = runAll()
  // The first is the one that draws, learns and has the most to remember.
  expect(STRATEGIES.slice(0, 1).map((make) => simulate(make, SETTINGS))).toEqual([...results.values()].slice(0, 1))
  const [ours, weighted, cheapest, byPrice, turns] = ['Switchyard', 'weighted random', 'cheapest first', 'Switchyard, `sort: "price"`', 'round robin'].map((name) => get(results, name))
  // Named above.
  expect(ours!.failedOver).toBeLessThan(weighted!.failedOver)
  expect(byPrice!.failedOver).toBeLessThan(cheapest!.failedOver)
  expect(ours!.usd).toBeLessThan(turns!.usd)
  for (const { answered, calls } of results.values()) expect(answered / calls).toBeGreaterThan(0.998)
}, 60_000)
