import { Fault } from '../core/fault.ts'
import type { AppUse, DataStore, ModelDay, SessionCell } from '../ledger/data-sets.ts'
import type { WalletSums } from '../accounts/wallet.ts'
import type { Report, ReportQuery, ReportStore } from '../ledger/reports.ts'
import type { Audit } from './audit.ts'
import type { StorePlace, WalletReports } from './protocol.ts'

/** What the thread of reports is asked. */
export type ReportAsk =
  | { readonly method: 'report'; readonly query: ReportQuery }
  | { readonly method: 'tagNames'; readonly accountId: string; readonly fromDay: number; readonly namesMax: number }
  | { readonly method: 'knownKeys'; readonly accountId: string; readonly hashes: readonly string[] }
  | { readonly method: 'modelDays'; readonly data: Parameters<DataStore['modelDays']>[0] }
  | { readonly method: 'appUses'; readonly data: Parameters<DataStore['appUses']>[0] }
  | { readonly method: 'sessionCells'; readonly data: Parameters<DataStore['sessionCells']>[0] }
  | { readonly method: 'walletSums'; readonly args: Parameters<WalletReports['walletSums']> }
  | { readonly method: 'verify' | 'close' }

export interface ReportRequest { readonly id: number; readonly place: StorePlace; readonly ask: ReportAsk }
export type ReportMessage = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string }

interface Waiting { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }

const REPORT_MS_MAX = 10_000
/** Reports that wait for the one before. More are turned away: they would time out. */
const WAITING_MAX = 32

/** Reads the store in a thread of its own, begun with the first question. The store has been opened by another. */
export class ReportClient implements ReportStore, DataStore, WalletReports {
  private worker: Worker | undefined
  private readonly waiting = new Map<number, Waiting>()
  private lastId = 0
  private isClosed = false

  constructor(private readonly place: StorePlace, private readonly msMax = REPORT_MS_MAX) {}

  report(query: ReportQuery): Promise<Report> {
    // The thread answers each method with what it is said to give: see report-thread.ts.
    return this.inTime({ method: 'report', query }) as Promise<Report>
  }

  tagNames(accountId: string, fromDay: number, namesMax: number): Promise<readonly string[]> {
    // As above.
    return this.inTime({ method: 'tagNames', accountId, fromDay, namesMax }) as Promise<readonly string[]>
  }

  knownKeys(accountId: string, hashes: readonly string[]): Promise<readonly string[]> {
    // As above.
    return this.inTime({ method: 'knownKeys', accountId, hashes }) as Promise<readonly string[]>
  }

  modelDays(data: Parameters<DataStore['modelDays']>[0]): Promise<readonly ModelDay[]> {
    // As above.
    return this.inTime({ method: 'modelDays', data }) as Promise<readonly ModelDay[]>
  }

  appUses(data: Parameters<DataStore['appUses']>[0]): Promise<readonly AppUse[]> {
    // As above.
    return this.inTime({ method: 'appUses', data }) as Promise<readonly AppUse[]>
  }

  sessionCells(data: Parameters<DataStore['sessionCells']>[0]): Promise<readonly SessionCell[]> {
    // As above.
    return this.inTime({ method: 'sessionCells', data }) as Promise<readonly SessionCell[]>
  }

  walletSums(...args: Parameters<WalletReports['walletSums']>): Promise<readonly WalletSums[]> {
    // As above.
    return this.inTime({ method: 'walletSums', args }) as Promise<readonly WalletSums[]>
  }

  /** Takes as long as it needs. */
  verify(): Promise<Audit> {
    // As above.
    return this.ask({ method: 'verify' }) as Promise<Audit>
  }

  /** Ends the thread, once it has let go of its files. */
  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    if (!this.worker) return
    const { worker } = this
    await this.ask({ method: 'close' })
    this.fail('it is closed')
    worker.terminate()
  }

  private async inTime(ask: ReportAsk): Promise<unknown> {
    if (this.isClosed) throw unavailable('it is closed')
    if (this.waiting.size >= WAITING_MAX) throw new Fault('overloaded', `${WAITING_MAX} reports are being made already; try again shortly.`, { retryAfterMs: 1_000 })
    let timer: Timer | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Fault('report_timeout', `The report took longer than ${this.msMax / 1_000} s: ask for a shorter time, fewer dimensions, or a coarser granularity.`)), this.msMax)
    })
    try {
      return await Promise.race([this.ask(ask), late])
    } finally {
      clearTimeout(timer)
    }
  }

  private ask(ask: ReportAsk): Promise<unknown> {
    const worker = this.worker ??= this.begin()
    const id = ++this.lastId
    const answer = new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }))
    worker.postMessage({ id, place: this.place, ask } satisfies ReportRequest)
    return answer
  }

  private begin(): Worker {
    const worker = new Worker(new URL('./report-thread.ts', import.meta.url).href)
    worker.onmessage = ({ data }: MessageEvent<ReportMessage>) => {
      const waiting = this.waiting.get(data.id)
      this.waiting.delete(data.id)
      if ('error' in data) waiting?.reject(unavailable(data.error))
      else waiting?.resolve(data.value)
    }
    worker.onerror = (event) => this.fail(event.message)
    return worker
  }

  private fail(why: string): void {
    for (const { reject } of this.waiting.values()) reject(unavailable(why))
    this.waiting.clear()
    this.worker = undefined
  }
}

function unavailable(detail: string): Fault {
  return new Fault('unavailable', 'The store cannot be reached; try again shortly.', { detail })
}
