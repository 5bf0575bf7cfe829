import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { End } from '../ledger/line.ts'
import { ALLOWANCE_KINDS, type AllowanceKind } from '../notices/allowance.ts'

/** An allowance that was used, and the first and last moment of it. */
export interface Touch { readonly kind: AllowanceKind; readonly accountId: string; readonly id: string; fromMs: number; untilMs: number }

/** So many are remembered between two looks; of more, those that come later wait for the look at all of them. */
const TOUCHES_MAX = 50_000

/** What settlements of this process have used since somebody looked: in memory only, for a look at all there is mends what a crash forgets. */
export class Touched {
  private touches = new Map<string, Touch>()

  note(kind: AllowanceKind, accountId: string, id: string, atMs: number): void {
    const key = `${kind} ${accountId} ${id}`
    const known = this.touches.get(key)
    if (known) {
      if (atMs < known.fromMs) known.fromMs = atMs
      if (atMs > known.untilMs) known.untilMs = atMs
    } else if (this.touches.size < TOUCHES_MAX) this.touches.set(key, { kind, accountId, id, fromMs: atMs, untilMs: atMs })
  }

  /** What calls of an account have used. */
  noteEnds(accountId: string, ends: readonly End[]): void {
    let lastMs = 0
    for (const { generation: { keyHash, cost, upstreamCost, wallet }, counted, budgets, workspaceId, atMs } of ends) {
      if (cost === 0n && counted === 0n && upstreamCost === 0n && !wallet?.cost) continue
      this.note('key', accountId, keyHash, atMs)
      if (wallet) this.note('wallet', accountId, wallet.id, atMs)
      this.note('workspace', accountId, workspaceId ?? defaultWorkspaceId(accountId), atMs)
      for (const [, , holder] of budgets) if (holder !== undefined) this.noteHolder(accountId, holder, atMs)
      if (atMs > lastMs) lastMs = atMs
    }
    if (lastMs > 0) this.note('balance', accountId, '', lastMs)
  }

  /** A window that is named: `member:<id>`, `tag:<id><value>`, `guardrail:<id><whose>`. */
  private noteHolder(accountId: string, holder: string, atMs: number): void {
    const colon = holder.indexOf(':')
    const kind = ALLOWANCE_KINDS.find((known) => known === holder.slice(0, colon))
    if (kind) this.note(kind, accountId, holder.slice(colon + 1), atMs)
  }

  /** What others have noted, once it is committed. */
  add({ touches }: Touched): void {
    for (const { kind, accountId, id, fromMs, untilMs } of touches.values()) {
      this.note(kind, accountId, id, fromMs)
      this.note(kind, accountId, id, untilMs)
    }
  }

  /** Everything so far; from now on it begins anew. */
  take(): readonly Touch[] {
    if (this.touches.size === 0) return []
    const taken = [...this.touches.values()]
    this.touches = new Map()
    return taken
  }

  /** Puts back what could not be looked at. */
  putBack(touches: readonly Touch[]): void {
    for (const { kind, accountId, id, fromMs, untilMs } of touches) {
      this.note(kind, accountId, id, fromMs)
      this.note(kind, accountId, id, untilMs)
    }
  }
}
