import { afterEach, describe, expect, test } from 'bun:test'
import { SYSTEM } from '../accounts/audit-entry.ts'
import type { Caller, Key } from '../accounts/caller.ts'
import type { SharedBudget } from '../accounts/shared-budget.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { Nano } from '../core/nano.ts'
import type { CallTags } from '../core/tags.ts'
import { defaultGuardrailId, NO_RULES, OWNER, type AssigneeKind, type GuardrailBudget } from '../guardrails/guardrail.ts'
import type { Hold, HoldRefusal } from '../ledger/ledger.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { rowId } from '../lib/id.ts'
import { SqlBudgets } from './sql-budgets.ts'
import { ACCOUNT, callerOf, generationOf, TestBench, testKey } from './store.fixture.ts'

const [one, two] = [testKey('one'), testKey('two')]
const [annes, annesToo, bobs] = [testKey('annes', { creatorUserId: 'u-anne' }), testKey('annes too', { creatorUserId: 'u-anne' }), testKey('bobs', { creatorUserId: 'u-bob' })]
const DAY_ENDS = Date.parse('2026-11-21T00:00:00Z')
let bench: TestBench
let lastId = 0

afterEach(async () => { expect((await bench.close()).problems).toEqual([]) })

async function open(keys: readonly Key[], credits = 10_000n): Promise<TestBench> {
  bench = await TestBench.open(credits)
  for (const id of ['u-anne', 'u-bob']) await bench.database.write((sql) => sql.run("INSERT INTO memberships (account_id, user_id, role, created_ms) VALUES ($1, $2, 'member', 1)", ACCOUNT, id))
  for (const key of keys) expect(await bench.store.insertKey({ key, rules: {}, by: SYSTEM })).toBeUndefined()
  return bench
}

const CHANGE = { by: SYSTEM, nowMs: 1 }

/** What the store's watch tells processes of a change of rules. */
async function told(): Promise<void> {
  await bench.tell({ keys: [], accounts: [], rules: [ACCOUNT] })
}

async function guardrail(budget: Partial<GuardrailBudget>, assigned: readonly (readonly [AssigneeKind, string])[] = [], id = rowId()): Promise<string> {
  await bench.store.putGuardrail({ id, accountId: ACCOUNT, workspaceId: defaultWorkspaceId(ACCOUNT), name: 'G', description: null, rules: NO_RULES, budget: { limit: null, reset: 'daily', includeByok: false, ...budget }, createdMs: 1, updatedMs: null }, CHANGE)
  await bench.store.assign(ACCOUNT, assigned.map(([kind, target]) => ({ id: rowId(), guardrailId: id, kind, target, createdMs: 1 })), CHANGE)
  await told()
  return id
}

async function budget(wish: Partial<SharedBudget> & Pick<SharedBudget, 'kind' | 'subject' | 'cap'>): Promise<string> {
  const made = await new SqlBudgets(bench.database).putSharedBudget({ id: rowId(), accountId: ACCOUNT, value: null, interval: 'daily', mode: 'cap', isRequired: false, includeByok: false, createdMs: 1, updatedMs: 1, ...wish }, 10, { by: SYSTEM, nowMs: bench.clock.wallMs() })
  if (typeof made === 'string') throw new Error(made)
  await told()
  return made.id
}

async function found(key: Key): Promise<Caller> {
  return (await bench.store.findKey(key.hash))?.caller ?? callerOf(key)
}

async function hold(ledger: LedgerNode, key: Key, amount: Nano, tags?: CallTags): Promise<Hold | HoldRefusal> {
  return await ledger.hold(await found(key), `gen-1-${++lastId}`, amount, { model: 'm', streamed: false, ...(tags && { tags }) })
}

async function spend(ledger: LedgerNode, key: Key, amount: Nano, more: { readonly tags?: CallTags; readonly byok?: boolean; readonly upstreamCost?: Nano } = {}): Promise<void> {
  const { tags, ...rest } = more
  const held = await hold(ledger, key, amount, tags)
  if (!held.ok) throw new Error(`refused: ${held.code}`)
  ledger.settle(held, generationOf(key, held.callId, { cost: amount, ...(tags && { tags }), ...rest }))
  await ledger.flush()
}

async function used(kind: SharedBudget['kind']) {
  return (await new SqlBudgets(bench.database).listSharedBudgets(ACCOUNT, kind, bench.clock.wallMs())).map(({ use }) => use)
}

describe('a budget of a guardrail', () => {
  test('F5: counts for each key by itself, to the last nano-dollar, and names itself', async () => {
    await open([one, two])
    await guardrail({ limit: 100n }, [['key', one.hash], ['key', two.hash]])
    const ledger = await bench.node('a')
    await spend(ledger, one, 99n)
    expect(await hold(ledger, one, 2n)).toEqual({ ok: false, code: 'worst_case', left: 1n, allowance: 'guardrail', name: 'guardrail "G" for this key', period: 'daily', cap: 100n, resetsMs: DAY_ENDS })
    await spend(ledger, one, 1n)
    bench.clock.advance(1_100)
    expect(await hold(ledger, one, 1n)).toMatchObject({ code: 'guardrail_budget', left: 0n, cap: 100n })
    await spend(ledger, two, 100n)
  })

  test('F5: of a member counts for all keys of the member together, and for nobody else\'s', async () => {
    await open([annes, annesToo, bobs])
    await guardrail({ limit: 100n }, [['member', 'u-anne'], ['member', 'u-bob']])
    const ledger = await bench.node('a')
    await spend(ledger, annes, 60n)
    await spend(ledger, annesToo, 40n)
    expect(await hold(ledger, annes, 1n)).toMatchObject({ code: 'guardrail_budget', name: 'guardrail "G" for the keys of this member' })
    await spend(ledger, bobs, 100n)
  })

  test('F4: key and member are checked each by itself, and the lower decides', async () => {
    await open([annes, annesToo])
    await guardrail({ limit: 50n }, [['key', annes.hash]])
    await guardrail({ limit: 70n }, [['member', 'u-anne']])
    const ledger = await bench.node('a')
    await spend(ledger, annes, 50n)
    expect(await hold(ledger, annes, 1n)).toMatchObject({ code: 'guardrail_budget', cap: 50n })
    expect(await hold(ledger, annesToo, 21n)).toMatchObject({ code: 'worst_case', allowance: 'guardrail', cap: 70n, left: 20n })
    await spend(ledger, annesToo, 20n)
  })

  test('F3: of a workspace\'s default guardrail counts for each member, and each key that is nobody\'s', async () => {
    await open([one, two, annes, annesToo])
    await guardrail({ limit: 10n }, [], defaultGuardrailId(defaultWorkspaceId(ACCOUNT)))
    const ledger = await bench.node('a')
    for (const key of [one, two, annes]) await spend(ledger, key, 10n)
    expect(await hold(ledger, annesToo, 1n)).toMatchObject({ code: 'guardrail_budget' })
  })

  test('a member\'s guardrail for those who are nobody\'s is of all such keys', async () => {
    await open([one, two])
    await guardrail({ limit: 10n }, [['member', OWNER]])
    const ledger = await bench.node('a')
    await spend(ledger, one, 10n)
    expect(await hold(ledger, two, 1n)).toMatchObject({ code: 'guardrail_budget' })
  })

  test('starts anew with its interval; without one, never', async () => {
    await open([one, two])
    await guardrail({ limit: 10n }, [['key', one.hash]])
    await guardrail({ limit: 10n, reset: null }, [['key', two.hash]])
    const ledger = await bench.node('a')
    for (const key of [one, two]) await spend(ledger, key, 10n)
    bench.clock.advance(13 * 3_600_000)
    await spend(ledger, one, 10n)
    expect(await hold(ledger, two, 1n)).toMatchObject({ code: 'guardrail_budget', period: 'ever', resetsMs: null })
  })

  test('F5: counts what a provider charges on own keys only where it says so', async () => {
    await open([one, two])
    await guardrail({ limit: 100n }, [['key', one.hash]])
    await guardrail({ limit: 100n, includeByok: true }, [['key', two.hash]])
    const ledger = await bench.node('a')
    for (const key of [one, two]) await spend(ledger, key, 5n, { byok: true, upstreamCost: 95n })
    expect((await hold(ledger, one, 95n)).ok).toBe(true)
    expect(await hold(ledger, two, 1n)).toMatchObject({ code: 'guardrail_budget' })
  })

  test('raised, lowered and taken away, it holds at once', async () => {
    await open([one])
    const id = await guardrail({ limit: 10n }, [['key', one.hash]])
    const ledger = await bench.node('a')
    await spend(ledger, one, 10n)
    expect((await hold(ledger, one, 1n)).ok).toBe(false)
    await guardrail({ limit: 20n }, [['key', one.hash]], id)
    await spend(ledger, one, 10n)
    await guardrail({ limit: 15n }, [['key', one.hash]], id)
    expect(await hold(ledger, one, 1n)).toMatchObject({ code: 'guardrail_budget', cap: 15n })
    await bench.store.unassign(ACCOUNT, id, 'key', [one.hash], CHANGE)
    await told()
    await spend(ledger, one, 10n)
  })

  test('taken from many at once, is one change of the rules and one of the keys; from nobody, none', async () => {
    await open([one, two])
    const id = await guardrail({ limit: 10n }, [['key', one.hash], ['key', two.hash]])
    const moves = async (targets: readonly string[]): Promise<bigint> => {
      const before = await bench.store.revision()
      await bench.store.unassign(ACCOUNT, id, 'key', targets, CHANGE)
      return await bench.store.revision() - before
    }
    expect([await moves(['nobody']), await moves([one.hash, two.hash])]).toEqual([0n, 2n])
  })
})

describe('a budget of a member', () => {
  test('is what all their keys spend together, named before the key\'s own limit', async () => {
    await open([annes, annesToo, bobs])
    await budget({ kind: 'member', subject: 'u-anne', cap: 100n })
    const ledger = await bench.node('a')
    await spend(ledger, annes, 60n)
    await spend(ledger, annesToo, 40n)
    expect(await hold(ledger, annes, 1n)).toMatchObject({ code: 'member_budget', name: 'the keys of this member', period: 'daily', resetsMs: DAY_ENDS })
    await spend(ledger, bobs, 500n)
    expect(await used('member')).toEqual([[{ value: null, used: 100n }]])
  })

  test('is for members alone', async () => {
    await open([])
    expect(await budget({ kind: 'member', subject: 'u-nobody', cap: 1n }).catch((error: Error) => error.message)).toBe('no_member')
  })
})

describe('a budget on a tag', () => {
  test('counts the calls that have it, whatever their key; the others pay nothing for it', async () => {
    await open([one, two])
    await budget({ kind: 'tag', subject: 'customer', value: 'acme', cap: 100n })
    const ledger = await bench.node('a')
    await spend(ledger, one, 60n, { tags: { customer: 'acme', env: 'prod' } })
    await spend(ledger, two, 40n, { tags: { customer: 'acme' } })
    expect(await hold(ledger, one, 1n, { customer: 'acme' })).toMatchObject({ code: 'tag_budget', name: 'customer=acme', cap: 100n, resetsMs: DAY_ENDS })
    await spend(ledger, one, 500n, { tags: { customer: 'other' } })
    await spend(ledger, one, 500n)
    expect(await used('tag')).toEqual([[{ value: 'acme', used: 100n }]])
  })

  test('without a value: each value by itself', async () => {
    await open([one])
    await budget({ kind: 'tag', subject: 'customer', cap: 100n })
    const ledger = await bench.node('a')
    const odd = 'ünd "so" %_:\n'
    await spend(ledger, one, 100n, { tags: { customer: 'acme' } })
    await spend(ledger, one, 90n, { tags: { customer: odd } })
    expect(await hold(ledger, one, 1n, { customer: 'acme' })).toMatchObject({ code: 'tag_budget', name: 'customer=acme' })
    expect(await hold(ledger, one, 11n, { customer: odd })).toMatchObject({ code: 'worst_case', left: 10n, name: `customer=${odd}` })
    expect(await used('tag')).toEqual([[{ value: 'acme', used: 100n }, { value: odd, used: 90n }]])
  })

  test('that is required refuses calls without the tag, free ones too', async () => {
    await open([one])
    await budget({ kind: 'tag', subject: 'customer', cap: 100n, isRequired: true })
    const ledger = await bench.node('a')
    expect(await hold(ledger, one, 0n)).toMatchObject({ code: 'tag_missing', name: 'customer' })
    expect(await hold(ledger, one, 1n, { env: 'x' })).toMatchObject({ code: 'tag_missing' })
    await spend(ledger, one, 1n, { tags: { customer: 'x' } })
  })

  test('a name that every object has is no tag of a call', async () => {
    await open([one])
    await budget({ kind: 'tag', subject: 'constructor', cap: 1n, isRequired: true })
    expect(await hold(await bench.node('a'), one, 1n)).toMatchObject({ code: 'tag_missing' })
  })

  test('that only alerts counts all and refuses nothing', async () => {
    await open([one])
    await budget({ kind: 'tag', subject: 'env', value: 'test', cap: 10n, mode: 'alert' })
    const ledger = await bench.node('a')
    for (let count = 0; count < 3; count++) await spend(ledger, one, 10n, { tags: { env: 'test' } })
    expect(await used('tag')).toEqual([[{ value: 'test', used: 30n }]])
  })

  test('the narrowest of several decides, and a call settled twice counts once', async () => {
    await open([one])
    await budget({ kind: 'tag', subject: 'customer', cap: 100n })
    await budget({ kind: 'tag', subject: 'env', value: 'prod', cap: 30n, interval: 'monthly' })
    const ledger = await bench.node('a')
    await spend(ledger, one, 30n, { tags: { customer: 'acme', env: 'prod' } })
    expect(await hold(ledger, one, 1n, { customer: 'acme', env: 'prod' })).toMatchObject({ code: 'tag_budget', name: 'env=prod', period: 'monthly' })
    bench.kill('a')
    expect(await bench.recover('a')).toMatchObject({ settled: 1 })
    expect(await used('tag')).toEqual([[{ value: 'acme', used: 30n }], [{ value: 'prod', used: 30n }]])
  })

  test('holds over nodes: the sum of what they grant never passes it', async () => {
    await open([one])
    await budget({ kind: 'tag', subject: 'customer', cap: 100n })
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => bench.node(name)))
    let spent = 0n
    for (let refusals = 0; refusals < 6;) {
      for (const node of nodes) {
        const held = await hold(node, one, 7n, { customer: 'acme' })
        if (held.ok) {
          node.settle(held, generationOf(one, held.callId, { cost: 7n }))
          spent += 7n
        } else {
          refusals += 1
          await bench.flush()
          bench.clock.advance(1_100)
        }
      }
    }
    await bench.flush()
    expect(spent).toBe(98n)
    expect(await used('tag')).toEqual([[{ value: 'acme', used: 98n }]])
  })

  test('a call that was held before the budget was made does not count, and what was leased of one that is gone comes back', async () => {
    await open([one])
    const ledger = await bench.node('a')
    const held = await hold(ledger, one, 50n, { customer: 'acme' })
    const id = await budget({ kind: 'tag', subject: 'customer', cap: 100n })
    if (held.ok) ledger.settle(held, generationOf(one, held.callId, { cost: 50n }))
    await spend(ledger, one, 10n, { tags: { customer: 'acme' } })
    expect(await used('tag')).toEqual([[{ value: 'acme', used: 10n }]])
    expect(await new SqlBudgets(bench.database).deleteSharedBudget(ACCOUNT, 'tag', id, { by: SYSTEM, nowMs: 1 })).toBe(true)
    await told()
    await spend(ledger, one, 1_000n, { tags: { customer: 'acme' } })
  })

  test('an account has no more of them than it may', async () => {
    await open([])
    for (let count = 0; count < 10; count++) await budget({ kind: 'tag', subject: `t${count}`, cap: 1n })
    expect(await budget({ kind: 'tag', subject: 'more', cap: 1n }).catch((error: Error) => error.message)).toBe('too_many')
    await budget({ kind: 'tag', subject: 't3', cap: 2n })
  })
})
