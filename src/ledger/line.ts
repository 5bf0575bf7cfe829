import { NO_USAGE, type Usage } from '../core/usage.ts'
import type { Nano } from '../core/nano.ts'
import type { Generation } from './generation.ts'
import type { RollingWindow } from '../accounts/caller.ts'
import type { Period } from './bank.ts'
import type { CallNote } from './ledger.ts'

/** A call was held: `begin` is written before its provider is called, and says who would pay. */
export interface Begin {
  readonly callId: string
  readonly accountId: string
  readonly keyHash: string
  readonly atMs: number
  readonly note?: CallNote
}

/** A call has ended: what is charged to whom, and its generation. */
export interface End {
  readonly callId: string
  /** When it was held: the key's windows count it there. */
  readonly atMs: number
  readonly leaseId: string | null
  readonly keyLeaseId: string | null
  /** What counts toward the key's limit: the cost, and a provider's own charge where the key says so. */
  readonly counted: Nano
  /** What is charged to leases of budgets, and counted in windows that are named. */
  readonly budgets: readonly BudgetCharge[]
  /** Of the customer's wallet, whose price is in the generation. */
  readonly walletLeaseId?: string
  /** Whose windows count it; null: the account's default workspace, in lines that are older than workspaces. */
  readonly workspaceId: string | null
  /** Money was turned off when it was held: no balance pays it. */
  readonly unbilled?: true
  readonly generation: Generation
  /** The generation as it stands in the line: the store keeps it as it is. */
  readonly record: string
}

/** A lease of a budget ('': none was open), what is charged to it, and which window counts it: none is named for a workspace's, which counts all its calls. */
export type BudgetCharge = readonly [leaseId: string, counted: Nano, holder?: string, period?: Period | RollingWindow]

/** One line of a journal, read back. `release`: the call never reached a provider. */
export type Line =
  | { readonly kind: 'begin'; readonly begin: Begin }
  | { readonly kind: 'release'; readonly callId: string }
  | { readonly kind: 'end'; readonly callId: string; readonly text: string }

/** Longer than any model's name. */
const MODEL_CHARS_MAX = 200

export function beginLine(begin: Begin): string {
  // Ids and hashes are ours and need no escape, but the account's id may be anything, and the model's name is the client's.
  const note = begin.note ? `,"model":${JSON.stringify(begin.note.model.slice(0, MODEL_CHARS_MAX))},"streamed":${begin.note.streamed}` : ''
  return `{"begin":"${begin.callId}","account":${JSON.stringify(begin.accountId)},"key":"${begin.keyHash}","at":${begin.atMs}${note}}`
}

export function releaseLine(callId: string): string {
  return `{"release":"${callId}"}`
}

/** The generation comes last, so that its text can be cut out of the line again without parsing it. */
export function endLine(end: Omit<End, 'record' | 'callId'>): string {
  const lease = end.leaseId === null ? 'null' : `"${end.leaseId}"`
  const keyLease = end.keyLeaseId === null ? 'null' : `"${end.keyLeaseId}"`
  // Ids are ours and need no escape.
  const workspace = end.workspaceId === null ? '' : `,"workspace":"${end.workspaceId}"`
  const wallet = end.walletLeaseId === undefined ? '' : `,"walletLease":"${end.walletLeaseId}"`
  const budgets = end.budgets.length === 0 ? '' : `,"budgets":[${end.budgets.map(chargeText).join(',')}]`
  return `{"end":"${end.generation.id}","at":${end.atMs},"lease":${lease},"keyLease":${keyLease},"counted":"${end.counted}"${end.unbilled ? ',"unbilled":true' : ''}${workspace}${budgets}${wallet}${RECORD}${writeGeneration(end.generation)}}`
}

function chargeText([id, counted, holder, period]: BudgetCharge): string {
  // What a client tagged its call with may be in the holder.
  return holder === undefined ? `["${id}","${counted}"]` : `["${id}","${counted}",${JSON.stringify(holder)},"${period ?? 'ever'}"]`
}

const RECORD = ',"generation":'

/** The line's meaning, undefined when it is torn. Cheap for ends: their generation is not read. */
export function readLine(text: string): Line | undefined {
  const raw = parse(text)
  if (typeof raw?.['end'] === 'string') return { kind: 'end', callId: raw['end'], text }
  if (typeof raw?.['release'] === 'string') return { kind: 'release', callId: raw['release'] }
  if (typeof raw?.['begin'] !== 'string') return undefined
  const note = typeof raw['model'] === 'string' ? { note: { model: raw['model'], streamed: raw['streamed'] === true } } : {}
  return { kind: 'begin', begin: { callId: raw['begin'], accountId: String(raw['account']), keyHash: String(raw['key']), atMs: Number(raw['at']), ...note } }
}

/** Reads an end line whole. Throws on any other text. */
export function readEnd(text: string): End {
  const raw = parse(text)
  const at = text.indexOf(RECORD)
  if (!raw || typeof raw['end'] !== 'string' || at === -1) throw new Error('not an end line of a journal')
  // Written by endLine, of this version or an older one: the fields are there.
  const end = raw as unknown as { end: string; at: number; lease: string | null; keyLease: string | null; counted: string; unbilled?: true; workspace?: string; walletLease?: string; budgets?: readonly [string, string, string?, (Period | RollingWindow)?][]; generation: RawGeneration }
  return {
    callId: end.end, atMs: end.at, leaseId: end.lease, keyLeaseId: end.keyLease, counted: BigInt(end.counted),
    ...(end.unbilled && { unbilled: true as const }), ...(end.walletLease !== undefined && { walletLeaseId: end.walletLease }), workspaceId: end.workspace ?? null, budgets: (end.budgets ?? []).map(([id, amount, ...window]): BudgetCharge => [id, BigInt(amount), ...window]),
    generation: revive(end.generation), record: text.slice(at + RECORD.length, -1),
  }
}

type RawGeneration = Omit<Generation, 'cost' | 'upstreamCost' | 'usage' | 'wallet'> & { readonly cost: string; readonly upstreamCost: string; readonly usage: Partial<Usage>; readonly wallet?: { readonly id: string; readonly cost: string } }

/** JSON of a generation, its money as strings, without the counts of its usage that are zero (most are). */
export function writeGeneration(generation: Generation): string {
  const { wallet } = generation
  const said = { ...generation, usage: counted(generation.usage), cost: String(generation.cost), upstreamCost: String(generation.upstreamCost) }
  return JSON.stringify(wallet ? { ...said, wallet: { ...wallet, cost: String(wallet.cost) } } : said)
}

function counted(usage: Usage): Partial<Usage> {
  const counts: Record<string, unknown> = {}
  // A loop over its own names: what another version of Usage counts is kept too.
  for (const name in usage) if (usage[name as keyof Usage]) counts[name] = usage[name as keyof Usage]
  return counts
}

/** The generation back from what `writeGeneration` made. */
export function readGeneration(record: string): Generation {
  // Only writeGeneration's own output comes here.
  return revive(JSON.parse(record) as RawGeneration)
}

function revive(raw: RawGeneration): Generation {
  const counted = { usage: { ...NO_USAGE, ...raw.usage }, cost: BigInt(raw.cost), upstreamCost: BigInt(raw.upstreamCost) }
  if (raw.wallet) return { ...raw, ...counted, wallet: { ...raw.wallet, cost: BigInt(raw.wallet.cost) } }
  // Taking the wallet out that is not there would copy each record field by field.
  const plain: Omit<RawGeneration, 'wallet'> = raw
  return { ...plain, ...counted }
}

/** What is known of a call whose process died before its end: nothing was charged. */
export function interruptedGeneration(begin: Begin): Generation {
  return {
    id: begin.callId, accountId: begin.accountId, keyHash: begin.keyHash, createdMs: begin.atMs,
    model: begin.note?.model ?? '', requestedModel: begin.note?.model ?? '', endpointId: '', provider: '', upstreamId: null, api: 'chat', streamed: begin.note?.streamed ?? false, cancelled: false,
    finishReason: null, nativeFinishReason: null, usage: NO_USAGE, cost: 0n, upstreamCost: 0n, byok: false, attempts: [],
    latencyMs: null, generationMs: null, fault: 'interrupted', referer: null, title: null, user: null, sessionId: null,
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    // Any object can be looked at by name.
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined
  } catch {
    // The process died in the middle of the line: what it said was never acknowledged.
    return undefined
  }
}
