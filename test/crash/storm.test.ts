import { expect, setDefaultTimeout, test } from 'bun:test'
import { describePostgres } from '../postgres-server.ts'
import { storm, type StormOptions } from './storm.ts'
import { CALL_NANO_MAX, type Engine } from './storm-ground.ts'
import type { Trouble } from './storm-trouble.ts'
import { canStepClocks } from './stepped-clock.ts'

setDefaultTimeout(120_000)

/**
 * Four processes, two thousand calls of accounts with a few cents each: no balance below zero at any look, no cent refused that was there,
 * and ledger, generations, clients and provider agree to the nano-dollar. Longer, and with other seeds: `npm run chaos`.
 */

const clock: readonly Trouble[] = canStepClocks() ? ['clock'] : []
if (!canStepClocks()) console.log('skipped: storms in which clocks are stepped (apt-get install faketime)')

async function raise(options: Omit<StormOptions, 'seed'>): Promise<void> {
  const figures = await storm({ ...options, seed: 20_261_121 })
  expect(figures.faults).toEqual([])
  expect(figures.whole).toBeGreaterThan(options.calls / 10)
  expect(figures.refused + figures.unavailable).toBeGreaterThan(0)
  expect(figures.samples).toBeGreaterThan(10)
  expect(figures.lowestNano).toBeGreaterThanOrEqual(0)
  expect(figures.writtenOffNano).toBe(0)
  for (const kind of options.troubles) expect([kind, figures.troubles[kind]]).not.toEqual([kind, 0])
  // Months that a stepped clock comes to have limits of their own.
  if (!options.troubles.includes('clock')) expect(figures.leftNano).toBeLessThan(8 * CALL_NANO_MAX)
}

function storms(engine: Engine, troubles: readonly Trouble[]): void {
  test(`${engine}: two thousand calls at once`, () => raise({ engine, calls: 2_000, atOnce: 2_000, troubles: [] }))
  test(`${engine}: two thousand calls, and ${troubles.join(', ')}`, () => raise({ engine, calls: 2_000, atOnce: 120, troubles }))
}

storms('SQLite', ['kill', 'pause', ...clock])
describePostgres('two nodes of two processes', () => storms('Postgres', ['kill', 'outage', 'pause', ...clock]))
