import { hashSecret } from '../../src/accounts/account-book.ts'
import { costNano } from './biller.ts'
import { costOf, generationsIn, type Row } from './books.ts'
import type { Seen } from './load.ts'
import { CALL_NANO_MAX, type Ground, type Payer } from './storm-ground.ts'

/** What the books say when everything has ended. */
export interface Verdict {
  readonly chargedNano: number
  readonly writtenOffNano: number
  readonly unbilled: number
  readonly leftNano: number
  readonly faults: readonly string[]
}

/** The price is ten times that of the other tests. */
const TIMES = 10
/** A refusal may be a second old, was waited for 0.4 s, and what came free elsewhere is told within as much again. */
const REFUSAL_AGE_MS = 2_500

/** What was made to happen. */
export interface Happened {
  readonly seen: readonly Seen[]
  readonly drained: readonly Seen[]
  readonly isCalm: boolean
  readonly isKilled: boolean
  /** Clocks were in other months, and these have limits of their own: the samples look at each window. */
  readonly isStepped: boolean
}

/** Ends the gateways, and compares what clients saw, what the store has and what the provider counted. */
export async function judge(ground: Ground, { seen, drained, isCalm, isKilled, isStepped }: Happened): Promise<Verdict> {
  const { codes, audit } = await ground.finish()
  const rows = generationsIn(ground.dataDir, ground.databaseUrl)
  const unbilled = unbilledOf(ground, rows)
  const faults = [
    ...audit.problems,
    ...codes.filter((code) => code !== 0).map((code) => `a gateway ended with ${code}`),
    ...(audit.leased === 0n ? [] : [`${audit.leased} nano-dollars are leased by nobody`]),
    ...(audit.writtenOff === 0n ? [] : [`${audit.writtenOff} nano-dollars were written off`]),
    ...(Number(audit.charged) === costOf(rows) ? [] : [`charged are ${audit.charged}, generations say ${costOf(rows)}`]),
    ...rowFaults(ground, rows),
    ...clientFaults([...seen, ...drained], rows),
    ...ground.payers.filter(({ counts }) => counts === 'balance' || !isStepped).flatMap((payer) => (costOf(rows, payer.secret) > payer.capNano ? [`an account of ${payer.counts} has spent ${costOf(rows, payer.secret)} of ${payer.capNano}`] : [])),
    ...(unbilled > 0 && !isKilled ? [`${unbilled} bills of the provider that nobody pays`] : []),
    ...(isCalm ? ground.payers.flatMap((payer) => refusalFaults(payer, seen)) : []),
  ]
  const leftNano = ground.payers.reduce((sum, payer) => sum + payer.capNano - costOf(rows, payer.secret), 0)
  return { chargedNano: Number(audit.charged), writtenOffNano: Number(audit.writtenOff), unbilled, leftNano, faults: faults.slice(0, 20) }
}

/** Each charge is the provider's bill, once. What a client left is charged as far as it was written. */
function rowFaults({ biller }: Ground, rows: readonly Row[]): string[] {
  const charged = rows.filter((row) => row.costNano > 0)
  const faults = new Set(charged.map((row) => row.upstreamId)).size === charged.length ? [] : ['a bill was charged twice']
  for (const row of charged) {
    const bill = biller.bills.get(row.upstreamId ?? '')
    const cost = costNano(row.cancelled || !bill ? row : bill, TIMES)
    if (!bill || row.costNano !== cost) faults.push(`${row.id} was charged ${row.costNano}, the provider counted ${bill ? cost : 'nothing'}`)
  }
  for (const row of rows) if (row.fault === 'interrupted' && row.costNano > 0) faults.push(`${row.id} was interrupted and charged`)
  return faults.slice(0, 5)
}

/** What a client has seen whole is on record, at the cost that it saw. */
function clientFaults(seen: readonly Seen[], rows: readonly Row[]): string[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const faults = seen.filter((call) => call.complete).flatMap((call) => {
    const row = byId.get(call.id ?? '')
    return row && row.costNano === call.costNano && row.upstreamId === call.upstreamId ? [] : [`a client saw ${call.id} at ${call.costNano}, the store has ${row ? row.costNano : 'nothing'}`]
  })
  return faults.slice(0, 5)
}

/** What the provider wrote to its end and nobody is charged for. */
function unbilledOf({ biller }: Ground, rows: readonly Row[]): number {
  const charged = new Set(rows.filter((row) => row.costNano > 0).map((row) => row.upstreamId))
  return [...biller.bills.values()].filter((bill) => bill.whole && !charged.has(bill.id)).length
}

/**
 * Whether refusals were right: of each, at some moment while it may have been decided, what was charged and the worst cases of
 * the calls then in flight left less than this one's worst case. A client's own times are the outer bounds of a hold.
 */
function refusalFaults(payer: Payer, seen: readonly Seen[]): string[] {
  const ours = seen.filter((call) => hashSecret(call.key) === payer.keyHash && call.status === 200)
  const refused = seen.filter((call) => hashSecret(call.key) === payer.keyHash && (call.status === 402 || call.status === 403))
  const wrong = refused.filter((call) => {
    const moments = [call.startMs, ...ours.flatMap(({ startMs, endMs }) => [startMs, endMs])].filter((atMs) => atMs >= call.startMs - REFUSAL_AGE_MS && atMs <= call.endMs)
    return !moments.some((atMs) => payer.capNano - committed(ours, atMs) < CALL_NANO_MAX)
  })
  return wrong.length === 0 ? [] : [`${wrong.length} of ${refused.length} refusals of an account of ${payer.counts}, when there was enough: ${wrong[0]?.refusal ?? ''}`]
}

/** At most this much was charged or held then: what a client left may be held a little longer than it says, and is counted by its worst case. */
function committed(calls: readonly Seen[], atMs: number): number {
  return calls.reduce((sum, call) => sum + (call.startMs > atMs ? 0 : call.endMs < atMs && call.costNano !== undefined ? call.costNano : CALL_NANO_MAX), 0)
}
