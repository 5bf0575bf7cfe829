import type { Bank } from './bank.ts'
import { readJournal, removeJournal } from './journal.ts'
import { endLine, interruptedGeneration, readLine, type Begin } from './line.ts'

const BATCH_LINES_MAX = 500

/** What a dead node left behind. */
export interface Recovered {
  readonly settled: number
  /** Calls that had begun and never ended: recorded with the fault `interrupted`, charged nothing. */
  readonly interrupted: number
  /** Lines that could not be read: the last one, torn by the crash, or more where the disk failed. */
  readonly unreadable: number
}

/**
 * Settles what a dead node's journal says, closes its leases and removes the journal. The caller owns the node, so that
 * nobody else does the same; a crash in the middle is mended by doing all of it again.
 */
export async function recoverNode(options: { readonly nodeId: string; readonly journalPath: string; readonly bank: Bank; readonly nowMs: number }): Promise<Recovered> {
  const recovered = await settleJournal(readJournal(options.journalPath), options.bank, options.nowMs)
  await options.bank.closeNode(options.nodeId)
  removeJournal(options.journalPath)
  return recovered
}

/** Settles what lines of journals say: ends are charged, calls that had begun and never ended are recorded. */
export async function settleJournal(journal: readonly string[], bank: Pick<Bank, 'settle'>, nowMs: number): Promise<Recovered> {
  const ends = new Map<string, string>()
  const begins = new Map<string, Begin>()
  let unreadable = 0
  for (const text of journal) {
    const line = readLine(text)
    if (!line) unreadable += 1
    else if (line.kind === 'begin') begins.set(line.begin.callId, line.begin)
    else if (line.kind === 'end') ends.set(line.callId, line.text)
    else begins.delete(line.callId)
  }
  for (const callId of ends.keys()) begins.delete(callId)
  const interrupted = [...begins.values()].map((begin) => endLine({ atMs: begin.atMs, leaseId: null, keyLeaseId: null, counted: 0n, budgets: [], workspaceId: null, generation: interruptedGeneration(begin) }))
  const lines = [...ends.values(), ...interrupted]
  for (let at = 0; at < lines.length; at += BATCH_LINES_MAX) await bank.settle(lines.slice(at, at + BATCH_LINES_MAX), nowMs)
  return { settled: ends.size, interrupted: interrupted.length, unreadable }
}
