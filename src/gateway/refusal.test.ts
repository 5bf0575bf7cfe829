import { describe, expect, test } from 'bun:test'
import type { Caller } from '../accounts/caller.ts'
import type { Endpoint, Price } from '../catalog/endpoint.ts'
import { testCall, testEndpoint } from '../dialects/openai-chat/fixtures.test-support.ts'
import type { HoldRefusal } from '../ledger/ledger.ts'
import { costMax, listPriceMax } from '../routing/bound.ts'
import type { Plan } from '../routing/plan.ts'
import { refusalFault } from './refusal.ts'

const CALLER: Caller = {
  accountId: 'a', key: { hash: 'h', accountId: 'a', name: 'k', label: 'k', kind: 'inference', disabled: false, limit: null, limitReset: null, includeByokInLimit: false, expiresMs: null, createdMs: 0, updatedMs: null, workspaceId: 'w', creatorUserId: null },
}
const SEARCHING = { model: 'a/m', max_tokens: 8_000, web_search_options: {} }

function endpointAt(price: Partial<Price>, ownKey?: Endpoint['ownKey']): Endpoint {
  return { ...testEndpoint({}), price: { state: 'priced', prompt: 1_000_000_000n, completion: 2_000_000_000n, ...price }, ...(ownKey && { ownKey }) }
}

const planOf = (endpoint: Endpoint, most: bigint): Plan => ({ steps: [{ endpoint, requested: 'a/m', reason: 'the only endpoint' }], excluded: [], strategy: 'direct', stages: [], costMax: most })
const shortOf = (allowance: HoldRefusal['allowance'], left: bigint, more: Partial<HoldRefusal> = {}): HoldRefusal => ({ ok: false, code: 'worst_case', allowance, left, cap: 1_000_000_000n, resetsMs: null, ...more })
const advised = (message: string): number => Number(/max_tokens of at most (\d+)/.exec(message)?.[1])

describe('the max_tokens that a refusal names', () => {
  test('fits, by the bound that refused, and one more does not: searches and hours of the day are in it', () => {
    for (const price of [{ webSearch: 1_000_000n }, { overrides: [{ promptTokensOver: -1, hours: { fromMinute: 0, toMinute: 1_440 }, completion: 6_000_000_000n }] }] satisfies Partial<Price>[]) {
      const endpoint = endpointAt(price)
      const call = testCall(SEARCHING)
      const left = 10_000_000n
      const tokens = advised(refusalFault(shortOf('account', left), call, planOf(endpoint, costMax(call, [{ endpoint }])), CALLER).message)
      expect(listPriceMax(call, endpoint, tokens)).toBeLessThanOrEqual(left)
      expect(listPriceMax(call, endpoint, tokens + 1)).toBeGreaterThan(left)
    }
  })

  test('is of what the limit counts: where that is the bill of an own key, the bill; where it is the fee, the fee', () => {
    const endpoint = endpointAt({}, { id: 'k', label: 'k', order: 0, isFallback: false, feeBasisPoints: 500 })
    const call = testCall({ model: 'a/m', max_tokens: 8_000 })
    const fee = costMax(call, [{ endpoint }])
    const need = fee + listPriceMax(call, endpoint)
    const counting = refusalFault(shortOf('key', 1_000_000n, { need }), call, planOf(endpoint, fee), CALLER)
    expect(counting.message).toContain("this key's limit of $1.00 leaves $0.001. ")
    expect(counting.options.metadata).toMatchObject({ worst_case_usd: expect.stringMatching(/^0\.0168/) })
    expect(advised(counting.message)).toBeLessThan(500)
    const ofFee = refusalFault(shortOf('account', 500_000n), call, planOf(endpoint, fee), CALLER)
    expect(advised(ofFee.message)).toBeGreaterThan(4_000)
  })
})

describe('a refusal', () => {
  test('names the page that explains it', () => {
    for (const code of ['balance', 'key_limit', 'worst_case', 'wallet_balance', 'workspace_budget', 'guardrail_budget', 'member_budget', 'tag_budget', 'tag_missing'] as const) {
      const endpoint = endpointAt({})
      expect(refusalFault(shortOf('account', 0n, { code }), testCall({ model: 'a/m' }), planOf(endpoint, 1n), CALLER).options.metadata).toMatchObject({ docs_url: `/docs/errors#${code}` })
    }
  })

  test('tells a customer nothing of whose budget is short behind its key', () => {
    const customer: Caller = { ...CALLER, key: { ...CALLER.key, wallet: 'w' }, wallet: { id: 'w', externalId: 'acme', prices: [] } }
    const said = refusalFault(shortOf('guardrail', 7n, { code: 'guardrail_budget', name: 'guardrail "Secret"' }), testCall({ model: 'a/m' }), planOf(endpointAt({}), 1n), customer)
    expect(said.options.metadata).toEqual({ reason: 'account', scope: 'account', docs_url: '/docs/errors#balance' })
  })
})
