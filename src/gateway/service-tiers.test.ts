import { describe, expect, test } from 'bun:test'
import type { Caller } from '../accounts/caller.ts'
import { buildSnapshot } from '../catalog/snapshot.ts'
import { parseOperatorFile } from '../catalog/operator.ts'
import { NO_USAGE } from '../core/usage.ts'
import { openaiChat } from '../dialects/openai-chat/openai-chat.ts'
import { testCall } from '../dialects/openai-chat/fixtures.test-support.ts'
import { FakeClock } from '../lib/clock.ts'
import { Meter } from './meter.ts'

const FILE = `
providers:
  acme:
    base_url: http://127.0.0.1:9
    api_key: k
    models:
      - id: acme/m
        price: { input: "10", output: "10", tiers: [{ utc_start: "2200", utc_end: "06:00", input: "5" }] }
        service_tiers: { flex: { input: "1", output: "1" }, priority: { input: "20", output: "20" } }
`
const OPTIONS = { file: 'f', env: {}, isBuiltIn: () => false }
const read = parseOperatorFile(FILE, OPTIONS)
const snapshot = buildSnapshot({ env: {}, version: 1, ...(read.ok ? { operator: read.file } : {}) })
const endpoints = snapshot.models.get('acme/m')?.endpoints ?? []
// Only the account is looked at.
const CALLER = { accountId: 'a' } as Caller

function endpointOf(tag: string) {
  const found = endpoints.find((endpoint) => endpoint.tag === tag)
  if (!found) throw new Error(`no endpoint ${tag}`)
  return found
}

function costAt(tag: string, serviceTier: string | undefined): bigint {
  const meter = new Meter({ ...testCall({ messages: [{ role: 'user', content: 'x' }] }), createdMs: Date.parse('2026-01-01T12:00:00Z') }, CALLER, new FakeClock())
  meter.begin(endpointOf(tag), 'acme/m')
  const usage = { ...NO_USAGE, promptTokens: 1_000_000, completionTokens: 1 }
  meter.count([{ type: 'usage', usage, ...(serviceTier === undefined ? {} : { serviceTier }) }, { type: 'finish', choice: 0, reason: 'stop', native: 'stop' }])
  return meter.cost(usage, 1_000_000_000_000n).prompt / 1_000_000_000n
}

describe('C41: an operator’s tiers are endpoints of their own', () => {
  test('with their tags and prices', () => {
    expect(endpoints.map(({ tag, tier, price }) => [tag, tier, price.prompt / 1_000_000_000n])).toEqual([['acme', undefined, 10n], ['acme/priority', 'priority', 20n], ['acme/flex', 'flex', 1n]])
  })

  test('and each asks for its tier; the ordinary one asks for none', () => {
    const asked = (tag: string, body: object) => openaiChat.writeCall(testCall({ messages: [{ role: 'user', content: 'x' }], ...body }), endpointOf(tag))
    expect(JSON.parse(asked('acme/flex', {}).body)).toMatchObject({ service_tier: 'flex' })
    expect(JSON.parse(asked('acme/priority', { service_tier: 'flex' }).body)).toMatchObject({ service_tier: 'priority' })
    const plain = asked('acme', { service_tier: 'priority' })
    expect(JSON.parse(plain.body)).not.toHaveProperty('service_tier')
    expect(plain.warnings).toMatchObject([{ field: 'service_tier' }])
    expect(JSON.parse(asked('acme', { service_tier: 'auto' }).body)).toMatchObject({ service_tier: 'auto' })
  })
})

test.each([['acme/priority', 'priority', 20n], ['acme/priority', 'default', 10n], ['acme/priority', undefined, 20n], ['acme', 'priority', 20n], ['acme', 'flex', 1n], ['acme', undefined, 10n], ['acme/flex', 'default', 10n], ['acme', 'scale', 10n]])(
  'C39: %s that says it used %p is billed at %p', (tag, served, dollars) => expect(costAt(tag, served)).toBe(dollars))

describe('C59: hours in the operator’s file', () => {
  test('are read as minutes of the day, UTC', () => {
    expect(endpointOf('acme').price.overrides).toEqual([{ promptTokensOver: -1, hours: { fromMinute: 1320, toMinute: 360 }, prompt: 5_000_000_000n }])
  })

  test.each([['{ utc_start: "2200", input: "5" }', 'utc_start and utc_end both'], ['{ utc_start: "2500", utc_end: "0600", input: "5" }', 'a time of day in UTC'], ['{ input: "5" }', 'needs over']])('%s is refused', (tier, message) => {
    const wrong = parseOperatorFile(`providers: { acme: { base_url: http://127.0.0.1:9, models: [{ id: acme/m, price: { input: "1", output: "1", tiers: [${tier}] } }] } }`, OPTIONS)
    expect(JSON.stringify(wrong)).toContain(message)
  })
})
