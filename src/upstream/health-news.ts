import { z } from 'zod'
import { areCells, type Cells } from './health-window.ts'

/**
 * What happened at one endpoint in the last moment. It has no times but durations: whoever hears it counts it as of now,
 * so that the clocks of the nodes need not agree.
 */
export interface EndpointNews {
  readonly ok: number
  readonly failed: number
  /** Failures since the last success among them. */
  readonly row: number
  readonly latency: Cells
  readonly throughput: Cells
  /** How long the provider wants to be left alone, 0: it did not say so. */
  readonly coolMs: number
  /** Our credential was refused: paused for so long, 0: it was not. */
  readonly refusedMs: number
  /** How often it was proven to work again after a fall. */
  readonly proofs: number
  readonly toolsOk: number
  readonly toolsBad: number
}

const COUNT_MAX = 1_000_000
const count = z.number().int().min(0).max(COUNT_MAX)
const ms = z.number().min(0).max(86_400_000)
const cells = z.array(z.number()).max(1_024).refine(areCells)
const newsSchema = z.object({ ok: count, failed: count, row: count, latency: cells, throughput: cells, coolMs: ms, refusedMs: ms, proofs: count, toolsOk: count, toolsBad: count })
const messageSchema = z.object({ version: z.literal(1), from: z.string().max(64), number: z.number().int().min(0), endpoints: z.record(z.string().max(512), newsSchema) })

/** What one process tells the others: `number` counts its messages, so that one that comes twice counts once. */
export interface NewsMessage {
  readonly version: 1
  readonly from: string
  readonly number: number
  readonly endpoints: Readonly<Record<string, EndpointNews>>
}

/** Reads what another process wrote, which may be of another version; undefined when it is not of this form. */
export function readNews(text: string): NewsMessage | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(text)).data
  } catch {
    // No JSON: a line that was torn, or somebody else's.
    return undefined
  }
}

/** Gathers news until they are told. */
export class News {
  private ok = 0
  private failed = 0
  private row = 0
  private coolMs = 0
  private refusedMs = 0
  private proofs = 0
  private toolsOk = 0
  private toolsBad = 0
  private readonly latency = new Map<number, number>()
  private readonly throughput = new Map<number, number>()

  add(news: EndpointNews): void {
    this.ok += news.ok
    this.failed += news.failed
    this.row = news.ok > 0 ? news.row : this.row + news.row
    this.coolMs = Math.max(this.coolMs, news.coolMs)
    this.refusedMs = Math.max(this.refusedMs, news.refusedMs)
    addCells(this.latency, news.latency)
    addCells(this.throughput, news.throughput)
  }

  prove(): void {
    this.proofs++
  }

  addTools(isBad: boolean): void {
    if (isBad) this.toolsBad++
    else this.toolsOk++
  }

  take(): EndpointNews {
    const { ok, failed, row, coolMs, refusedMs, proofs, toolsOk, toolsBad } = this
    const news = { ok, failed, row, latency: [...this.latency].flat(), throughput: [...this.throughput].flat(), coolMs: Math.round(coolMs), refusedMs, proofs, toolsOk, toolsBad }
    this.ok = this.failed = this.row = this.coolMs = this.refusedMs = this.proofs = this.toolsOk = this.toolsBad = 0
    this.latency.clear()
    this.throughput.clear()
    return news
  }
}

function addCells(to: Map<number, number>, cells: Cells): void {
  for (let pair = 0; pair + 1 < cells.length; pair += 2) {
    // `pair + 1` is below the length.
    to.set(cells[pair]!, (to.get(cells[pair]!) ?? 0) + cells[pair + 1]!)
  }
}
