import { defaultWorkspaceId } from '../../src/accounts/workspace.ts'
import { windowAt } from '../../src/ledger/window.ts'
import { load, type Seen } from './load.ts'
import { CALL_NANO_MAX, type Ground, type Payer } from './storm-ground.ts'

/** A refusal is remembered for a second: after that the next call is asked about anew. */
const REFUSAL_MS = 1_100
/** Processes that died are recovered within two seconds of their end, or at the start of the next in their place. */
const REFUSALS_MAX = 8

/**
 * Nothing happens any more: calls come one by one. Each must be let through as long as its worst case fits into what is left,
 * wherever it lies: all but the last bit of each cap can be spent.
 */
export async function drain(ground: Ground): Promise<{ readonly seen: readonly Seen[]; readonly faults: readonly string[] }> {
  const all = await Promise.all(ground.payers.map(async (payer, number) => {
    const seen: Seen[] = []
    for (let refusals = 0; refusals < REFUSALS_MAX;) {
      const [call] = await load(ground.nodes.slice(number % ground.nodes.length), { keys: [payer.secret], calls: 1, atOnce: 1, freshConnections: true })
      if (!call) throw new Error('a call was not made')
      seen.push(call)
      if (call.status === 200) {
        refusals = 0
        continue
      }
      if (leftOf(payer, await usedOf(ground, payer)) < CALL_NANO_MAX) return { seen, faults: [] }
      refusals += 1
      await Bun.sleep(REFUSAL_MS)
    }
    const left = leftOf(payer, await usedOf(ground, payer))
    return { seen, faults: [`an account of ${payer.counts} is refused, and ${left} nano-dollars are left: ${seen.at(-1)?.refusal ?? ''}`] }
  }))
  return { seen: all.flatMap(({ seen }) => seen), faults: all.flatMap(({ faults }) => faults) }
}

export function leftOf(payer: Payer, usedNano: number): number {
  return payer.capNano - usedNano
}

/** What counts against the payer's cap, as far as it is in the store. */
export async function usedOf({ rows }: Pick<Ground, 'rows'>, { accountId, counts, keyHash }: Payer): Promise<number> {
  const monthMs = windowAt('monthly', Date.now()).startMs
  const query = {
    balance: `SELECT COALESCE(SUM(cost), 0) AS used FROM generations WHERE account_id = '${accountId}'`,
    key_windows: `SELECT MAX(counted) AS used FROM key_windows JOIN keys ON keys.hash = key_windows.key_hash
      WHERE key_hash = '${keyHash}' AND period = COALESCE(keys.limit_reset, 'ever') AND start_ms IN (0, ${monthMs})`,
    workspace_windows: `SELECT MAX(cost) AS used FROM workspace_windows WHERE workspace_id = '${defaultWorkspaceId(accountId)}' AND period = 'monthly' AND start_ms = ${monthMs}`,
  }[counts]
  return Number((await rows(query))[0]?.['used'] ?? 0)
}
