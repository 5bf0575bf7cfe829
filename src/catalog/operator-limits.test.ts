import { describe, expect, test } from 'bun:test'
import { parseOperatorFile } from './operator.ts'
import { DEFAULT_RATE_LIMITS } from './rate-limits.ts'

const read = (text: string) => parseOperatorFile(text, { file: 'switchyard.yaml', env: {}, isBuiltIn: () => true })

/** The first thing that is wrong, with its place. */
function problem(text: string): string {
  const result = read(text)
  if (result.ok) throw new Error('it was taken')
  const [error] = result.errors
  return `${error?.path}: ${error?.message}`
}

function limits(text: string): unknown {
  const result = read(text)
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  return result.file.rateLimits
}

describe('limits of the operator’s file', () => {
  test('by key, account and model; what is not said is not limited', () => {
    expect(limits(`
limits:
  body_bytes_max: 1_000_000
  per_key: { requests_per_minute: 60, tokens_per_minute: 100_000, usd_per_minute: "0.50" }
  per_account: { requests_per_minute: 600 }
  per_model:
    "openai/*": { requests_per_minute: 100 }
    Acme/Tiny: { tokens_per_minute: 5 }
`)).toEqual({
      perKey: { requestsPerMinute: 60n, tokensPerMinute: 100_000n, usdPerMinute: 500_000_000n },
      perAccount: { requestsPerMinute: 600n },
      perModel: [{ pattern: 'openai/*', rates: { requestsPerMinute: 100n } }, { pattern: 'acme/tiny', rates: { tokensPerMinute: 5n } }],
      free: DEFAULT_RATE_LIMITS.free,
    })
    expect(limits('{}')).toBeUndefined()
  })

  test('of free models, each or all of them lifted', () => {
    expect(limits('limits: { free: { requests_per_minute: none, requests_per_day: 10, credits_usd: 5 } }')).toMatchObject({ free: { requestsPerMinute: null, requestsPerDay: 10n, requestsPerDayWithCredits: 1000n, creditsMin: 5_000_000_000n } })
    expect(limits('limits: { free: none }')).toMatchObject({ free: { requestsPerMinute: null, requestsPerDay: null, requestsPerDayWithCredits: null } })
  })

  test.each([
    ['limits: { per_keys: {} }', 'limits.per_keys: unknown key'],
    ['limits: { per_key: { requests: 5 } }', 'limits.per_key.requests: unknown key'],
    ['limits: { per_key: { requests_per_minute: 0 } }', 'limits.per_key.requests_per_minute: must be a whole number from 1'],
    ['limits: { per_key: { usd_per_minute: 0 } }', 'limits.per_key.usd_per_minute: must be an amount of USD above zero'],
    ['limits: { per_key: { usd_per_minute: -1 } }', 'limits.per_key.usd_per_minute: must be an amount of USD above zero'],
    ['limits: { per_model: { "open ai": {} } }', 'limits.per_model.open ai: must be the id of a model, or a pattern'],
    ['limits: { free: nothing }', 'limits.free: must be one of none'],
    ['limits: { free: { requests_per_day: many } }', 'limits.free.requests_per_day: must be a whole number'],
  ])('%s is wrong', (text, expected) => {
    expect(problem(text)).toStartWith(expected)
  })
})
