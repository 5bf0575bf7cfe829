import { Billing } from '../../src/billing/billing.ts'
import type { PurchaseStore } from '../../src/billing/purchase-store.ts'
import type { Accounts, Credits, KeyChange, KeyExtras, KeyRecord, NewKey } from '../../src/accounts/accounts.ts'
import type { ByokStore } from '../../src/accounts/byok/byok-store.ts'
import type { Caller } from '../../src/accounts/caller.ts'
import type { KeyPage } from '../../src/accounts/key-store.ts'
import { AppGrants } from '../../src/accounts/apps/app-grants.ts'
import type { AppStore } from '../../src/accounts/apps/auth-code.ts'
import { FeedbackBook } from '../../src/accounts/feedback.ts'
import { People } from '../../src/accounts/people.ts'
import type { PeopleStore } from '../../src/accounts/people-store.ts'
import { defaultWorkspaceId } from '../../src/accounts/workspace.ts'
import type { DomainStore } from '../../src/accounts/domain.ts'
import { Domains } from '../../src/accounts/domains.ts'
import { scimOn } from '../../src/accounts/scim/scim.ts'
import type { ScimStore } from '../../src/accounts/scim/scim-store.ts'
import { Markups } from '../../src/accounts/markups.ts'
import { Instance, INSTANCE_SETTINGS } from '../../src/accounts/instance.ts'
import { Operator, type OperatorOptions } from '../../src/accounts/operator.ts'
import { Wallets } from '../../src/accounts/wallets.ts'
import type { WalletStore } from '../../src/accounts/wallet.ts'
import { SharedBudgets } from '../../src/accounts/shared-budgets.ts'
import type { SharedBudgetStore } from '../../src/accounts/shared-budget.ts'
import { Workspaces, type WorkspacesOptions } from '../../src/accounts/workspaces.ts'
import { PresetBook } from '../../src/accounts/preset-book.ts'
import type { PresetStore } from '../../src/accounts/presets.ts'
import type { Endpoint, Model, Price, Provider, Snapshot } from '../../src/catalog/endpoint.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Nano } from '../../src/core/nano.ts'
import { NO_USAGE } from '../../src/core/usage.ts'
import { RuleBook } from '../../src/guardrails/rule-book.ts'
import type { RuleStore } from '../../src/guardrails/rule-store.ts'
import type { Generation } from '../../src/ledger/generation.ts'
import { FakeClock } from '../../src/lib/clock.ts'
import { Limits } from '../../src/limits/limits.ts'
import type { SliceBank } from '../../src/limits/slice-bank.ts'
import { NO_AFFINITY } from '../../src/routing/affinity.ts'
import { UNKNOWN_HEALTH, type EndpointHealth, type EndpointStats } from '../../src/routing/health.ts'
import { openByok } from '../../src/store/open-byok.ts'
import { openNotices } from '../../src/store/open-notices.ts'
import type { StoreApi } from '../../src/store/protocol.ts'
import { accessOf } from '../../src/server/access.ts'
import { matchRoute } from '../../src/server/api/match.ts'
import { routes } from '../../src/server/api/routes.ts'
import type { Route, Services } from '../../src/server/route.ts'

/** A catalogue and accounts in memory, for tests of the control plane without a server. */

const CREDENTIAL = 'sk-provider-secret-that-must-not-show'

/** A provider with a credential, so that a test can see whether it leaks. */
export function provider(slug: string, more: Partial<Provider> = {}): Provider {
  return {
    slug, name: slug, baseUrl: `https://${slug}.invalid/v1`, dialect: 'openai-chat', auth: 'bearer', env: [`${slug.toUpperCase()}_API_KEY`], quirks: new Set(),
    headers: { 'x-secret': CREDENTIAL }, credential: CREDENTIAL, retainsPrompts: true, mayTrain: true, ...more,
  }
}

/** $1 a million tokens of prompt, $2 of completion. */
export const PRICE: Price = { state: 'priced', prompt: 1_000_000_000n, completion: 2_000_000_000n }

export function endpoint(modelId: string, by: Provider, more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: `${modelId}@${more.tag ?? by.slug}`, modelId, tag: by.slug, provider: by, upstreamId: 'upstream', price: PRICE, contextMax: 100_000, outputMax: 8_000,
    parameters: new Set(['temperature', 'max_tokens', 'tools', 'an_unlisted_one']), inputs: new Set(['text']), outputs: new Set(['text']),
    quantization: 'fp8', deprecated: false, ...more,
  }
}

export function model(id: string, endpoints: readonly Endpoint[], more: Partial<Model> = {}): Model {
  return {
    id, canonicalSlug: `${id}-20250101`, name: id, description: `About ${id}.`, created: 1_740_000_000, inputs: ['text'], outputs: ['text'],
    contextMax: Math.max(0, ...endpoints.map((one) => one.contextMax)), tokenizer: 'GPT', endpoints, ...more,
  }
}

export function snapshot(models: readonly Model[], aliases: Readonly<Record<string, string>> = {}): Snapshot {
  const providers = models.flatMap((one) => one.endpoints.map((at) => [at.provider.slug, at.provider] as const))
  return { version: 1, models: new Map(models.map((one) => [one.id, one])), providers: new Map(providers), aliases: new Map(Object.entries(aliases)) }
}

const HASH = 'a'.repeat(64)

export function keyRecord(more: Partial<KeyRecord> = {}): KeyRecord {
  return {
    hash: HASH, accountId: 'default', name: 'first', label: 'sk-sw-v1-abc...xyz', kind: 'inference', disabled: false, limit: null, limitReset: null,
    includeByokInLimit: false, expiresMs: null, createdMs: 1_749_000_000_000, updatedMs: null, workspaceId: defaultWorkspaceId('default'), creatorUserId: null,
    rolling: [], rules: {}, lastUsedMs: null, oldSecretEndsMs: null,
    usage: { total: 0n, daily: 0n, weekly: 0n, monthly: 0n }, byokUsage: { total: 0n, daily: 0n, weekly: 0n, monthly: 0n }, limitRemaining: null, ...more,
  }
}

export function generation(more: Partial<Generation> = {}): Generation {
  return {
    id: 'gen-1749000000-abcdefghijklmnopqrst', accountId: 'default', keyHash: HASH, createdMs: 1_749_000_000_000, model: 'acme/tiny', requestedModel: 'acme/tiny:floor',
    endpointId: 'acme/tiny@acme', provider: 'Acme', upstreamId: 'chatcmpl-1', api: 'chat', streamed: true, cancelled: false, finishReason: 'stop', nativeFinishReason: 'end_turn',
    usage: { ...NO_USAGE, promptTokens: 12, cacheReadTokens: 4, completionTokens: 30, reasoningTokens: 7 }, cost: 1_234_500n, upstreamCost: 1_234_500n, byok: false,
    attempts: [{ endpointId: 'acme/tiny@other', provider: 'Other', status: 503, fault: 'provider_overloaded', latencyMs: 40 }, { endpointId: 'acme/tiny@acme', provider: 'Acme', status: 200, latencyMs: 210 }],
    latencyMs: 250, generationMs: 900, fault: null, referer: 'https://app.example/', title: 'App', user: 'user-1', sessionId: null, ...more,
  }
}

/** The port as far as the control plane uses it, over plain maps. */
export class FakeAccounts implements Accounts {
  readonly keys = new Map<string, KeyRecord>()
  readonly generations = new Map<string, Generation>()
  balance: Credits = { total: 0n, used: 0n }
  private made = 0

  find(): undefined { return undefined }

  async createKey(key: NewKey): Promise<{ secret: string; key: KeyRecord }> {
    this.made += 1
    const { limit = null, limitReset = null, includeByokInLimit = false, expiresMs = null, name, accountId } = key
    const record = keyRecord({ hash: String(this.made).padStart(64, '0'), accountId, name, limit, limitReset, includeByokInLimit, expiresMs, limitRemaining: limit, createdMs: 1_749_000_000_000 + this.made })
    this.keys.set(record.hash, record)
    return { secret: `sk-sw-v1-${this.made}`, key: record }
  }

  async listKeys(accountId: string, page: KeyPage): Promise<KeyRecord[]> {
    const own = [...this.keys.values()].filter((key) => key.accountId === accountId && (page.includeDisabled || !key.disabled) && (page.workspaceId ?? key.workspaceId) === key.workspaceId)
    return own.toSorted((a, b) => b.createdMs - a.createdMs).slice(page.offset, page.offset + page.limit)
  }

  async key(accountId: string, hash: string): Promise<KeyRecord | undefined> {
    const key = this.keys.get(hash)
    return key?.accountId === accountId ? key : undefined
  }

  async changeKey(accountId: string, hash: string, change: KeyChange): Promise<KeyRecord | undefined> {
    const key = await this.key(accountId, hash)
    if (!key) return undefined
    const changed: KeyRecord = { ...key, ...plainOf(change), updatedMs: 1_749_500_000_000 }
    this.keys.set(hash, changed)
    return changed
  }

  async rotateKey(accountId: string, hash: string): Promise<{ secret: string; key: KeyRecord } | undefined> {
    const key = await this.key(accountId, hash)
    return key && { secret: 'sk-sw-v1-rotated', key }
  }

  async deleteKey(accountId: string, hash: string): Promise<boolean> {
    return await this.key(accountId, hash) !== undefined && this.keys.delete(hash)
  }

  async credits(): Promise<Credits> { return this.balance }

  async grant(_: string, amount: Nano): Promise<Credits> {
    return this.balance = { ...this.balance, total: this.balance.total + amount }
  }

  async moveCredit(): Promise<Credits> {
    return { total: 0n, used: 0n }
  }

  async generation(accountId: string, id: string): Promise<Generation | undefined> {
    const found = this.generations.get(id)
    return found?.accountId === accountId ? found : undefined
  }
}

/** A change as far as the contract knows it: what goes beyond is tested on the real store. */
function plainOf(change: KeyChange): Omit<KeyChange, keyof KeyExtras> {
  const { ipRanges: _, tags: __, rules: ___, ...plain } = change
  return plain
}

export interface FakeServices extends Services {
  readonly accounts: FakeAccounts
  readonly clock: FakeClock
  readonly healthOf: Map<string, EndpointHealth>
  readonly statsOf: Map<string, EndpointStats>
}

export function fakeServices(catalogue: Snapshot): FakeServices {
  const healthOf = new Map<string, EndpointHealth>()
  const statsOf = new Map<string, EndpointStats>()
  return {
    snapshot: () => catalogue, accounts: new FakeAccounts(), people: noPeople, appGrants: noApps, feedback: noFeedback, workspaces: noWorkspaces, scim: scimOn({} as ScimStore, new FakeClock()), domains: new Domains({} as DomainStore, { txt: async () => [] }, new FakeClock()), sharedBudgets: noSharedBudgets, wallets: noWallets, instance: noInstance, markups: noMarkups, operator: noOperator, rules: new RuleBook(noRules()), presets: new PresetBook(noPresets()), clock: new FakeClock(), healthOf, statsOf,
    rates: new Limits({ nodeId: 'test', bank: noSlices(), clock: new FakeClock() }),
    health: { of: (id) => healthOf.get(id) ?? UNKNOWN_HEALTH, stats: (id) => statsOf.get(id) ?? {} },
    conversations: { affinity: () => NO_AFFINITY },
    ...openByok(noByok, { dataDir: '/nowhere', clock: new FakeClock() }),
    reports: noReports, dataSets: noDataSets, notices: noNotices, billing: noBilling,
  }
}

/** Tests of purchases have a real store. */
const noBilling = new Billing({ store: {} as unknown as PurchaseStore, settings: () => INSTANCE_SETTINGS, clock: new FakeClock(), returnUrl: () => '', settleAll: async () => undefined })

/** Nor has anybody here. */
const noDataSets: Services['dataSets'] = { modelDays: async () => [], appUses: async () => [], sessionCells: async () => [] }

/** Nobody has called anything yet. */
const noReports: Services['reports'] = {
  report: async () => ({ rows: [], isTruncated: false, labels: new Map(), hasTooMany: false }), tagNames: async () => [], knownKeys: async () => [],
}

/** As below: tests of people and workspaces have a real store. Any other question than these is a fault of the test. */
const noPeople = new People({ member: async () => undefined, account: async () => undefined } as unknown as PeopleStore, new FakeClock())
const noWallets = new Wallets({ store: { listWallets: async () => ({ rows: [], total: 0 }) } as unknown as WalletStore, clock: new FakeClock(), flush: async () => undefined, recall: async () => undefined })
/** As below. */
const noSharedBudgets = new SharedBudgets({ store: { listSharedBudgets: async () => [] } as unknown as SharedBudgetStore, clock: new FakeClock(), flush: async () => undefined })
/** Tests of the operator's side have a real store. */
const noOperator = new Operator({ store: {} as OperatorOptions['store'], clock: new FakeClock(), flush: async () => undefined })
/** Nothing is asked over list price. */
const noMarkups = new Markups({ markups: async () => [], putMarkup: () => { throw new Error('this test has no store of markups') }, deleteMarkup: async () => false }, new FakeClock())
/** As on a fresh install. */
const noInstance = new Instance({ instanceSettings: async () => undefined, changeInstanceSettings: () => { throw new Error('this test has no store of settings') } }, new FakeClock())
/** Nobody has said anything. */
const noFeedback = new FeedbackBook({ store: { insertFeedback: async () => 'no_generation', listFeedback: async () => ({ rows: [], total: 0 }) }, clock: new FakeClock(), flush: async () => undefined })
/** Nobody was asked for a key. */
const noApps = new AppGrants({ store: { authCode: async () => undefined } as unknown as AppStore, accounts: { prepareKey: () => { throw new Error('this test has no store of keys') } }, clock: new FakeClock() })
// As above.
const noWorkspaces = new Workspaces({ store: { workspace: async () => undefined } as unknown as WorkspacesOptions['store'], clock: new FakeClock() })

/** As below. */
const noByok = { sealedByokKeys: async () => [] } as unknown as ByokStore

/** Tests of notices have a real store. */
const noNotices = openNotices({} as unknown as StoreApi, { nodeId: 'test', dataDir: '/nowhere', clock: new FakeClock(), sending: undefined, isMoneyOn: () => true, flush: async () => undefined, log: () => undefined, note: () => undefined })

/** Nobody has called a free model yet. */
function noSlices(): SliceBank {
  const none = (): never => { throw new Error('this test has no store of limits') }
  return { takeSlices: none, recallSlices: none, pruneWindows: none, windowUse: async (_, { limit }) => ({ used: 0n, limit }) }
}

/** Stores of those who have no rules and no presets; tests of either have a real one. */
function noRules(): RuleStore {
  const none = (): never => { throw new Error('this test has no store of rules') }
  return {
    accountRules: async () => ({ account: {}, keys: new Map(), guardrails: new Map(), assignments: [] }), putRules: none, listGuardrails: none, guardrail: none,
    putGuardrail: none, deleteGuardrail: none, assign: none, unassign: none, listKeyAssignments: none, listMemberAssignments: none,
  }
}

function noPresets(): PresetStore {
  const none = (): never => { throw new Error('this test has no store of presets') }
  return { preset: async () => undefined, listPresets: none, addPresetVersion: none, listPresetVersions: none, presetVersion: none }
}

/** What a route answered: its JSON or text, or the fault that it threw. */
export interface Answer { readonly status: number; readonly type: string; readonly body: unknown; readonly text: string; readonly fault?: Fault }

const match = matchRoute(routes)

/** Calls a route as the server does, but for authentication: `caller` is there when `as` is. */
export async function ask(services: Services, method: string, path: string, options: { readonly as?: KeyRecord; readonly body?: Record<string, unknown> } = {}): Promise<Answer> {
  const url = new URL(`http://localhost:8787/api/v1${path}`)
  try {
    const found = match(method, url.pathname.slice('/api/v1'.length))
    if (!found || 'allow' in found) return { status: found ? 405 : 404, type: '', body: undefined, text: '' }
    const caller: Caller | undefined = options.as && { key: options.as, accountId: options.as.accountId }
    const access = caller && found.route.auth === 'management' ? await accessOf(caller, found.route.operation ?? 'account.administer', services.people) : undefined
    const body = async (): Promise<Record<string, unknown>> => options.body ?? {}
    return await readAnswer(found.route, await found.route.handle({ request: new Request(url, { method }), url, params: found.params, caller, session: undefined, access, services, body }))
  } catch (error) {
    // Anything else is a bug, for the test to show.
    if (!(error instanceof Fault)) throw error
    return { status: error.status, type: 'application/json', body: undefined, text: error.message, fault: error }
  }
}

async function readAnswer(route: Route, answer: object | Response): Promise<Answer> {
  if (!(answer instanceof Response)) return { status: 200, type: 'application/json', body: JSON.parse(JSON.stringify(answer)), text: JSON.stringify(answer) }
  const text = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  return { status: answer.status, type, text, body: type.startsWith('application/json') ? JSON.parse(text) : `${route.path}: no JSON` }
}
