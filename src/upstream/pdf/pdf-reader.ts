import { fileURLToPath } from 'node:url'
import { parseObject } from '../../core/json.ts'
import { Slots } from '../egress/slots.ts'
import type { PdfAnswer, PdfOrder, PdfPage, PdfTrouble } from './protocol.ts'

/** What one PDF may take. */
export interface PdfLimits extends Omit<PdfOrder, 'lifeMsMax'> {
  readonly bytesMax: number
  readonly readMsMax: number
  /** PDFs read at once; more wait. */
  readonly readsMax: number
  /** Those that wait, each with a body in memory. */
  readonly waitingMax: number
}

export const PDF_LIMITS: PdfLimits = {
  bytesMax: 32 << 20, readMsMax: 20_000, readsMax: 2, waitingMax: 32, pagesMax: 500, textCharsMax: 4_000_000, memoryBytesMax: 256 << 20,
  // Eight pictures of a document is the contract's limit (B55); more pixels than these no model looks at.
  imagesMax: 8, imagePixelsMax: 1_568,
}

/** Pages, or why there are none: `crashed` and `too_slow` are what becomes of the process; `busy`: too many wait for theirs. */
export type PdfReading = { readonly pages: readonly PdfPage[] } | { readonly trouble: PdfTrouble | 'crashed' | 'too_slow' | 'busy'; readonly pageCount?: number }

/** How much longer than its parent waits a process may live: it ends itself only where nobody is left to end it. */
const LIFE_SPARE_MS = 5_000

/**
 * Reads PDFs on this machine, each in a process of its own: PDFium is large, and a file that somebody made for it may keep
 * it busy, eat memory, or crash it. Nothing of it is loaded here, and a process holds no secret of ours.
 */
export class PdfReader {
  readonly limits: PdfLimits
  private readonly slots: Slots
  private open = 0

  constructor(limits: Partial<PdfLimits> = {}) {
    this.limits = { ...PDF_LIMITS, ...limits }
    this.slots = new Slots(this.limits.readsMax)
  }

  /** Throws only the reason of `signal`. */
  async read(bytes: Uint8Array, signal: AbortSignal): Promise<PdfReading> {
    if (this.open >= this.limits.readsMax + this.limits.waitingMax) return { trouble: 'busy' }
    this.open++
    try {
      return await this.slots.use(signal, async () => await this.readNow(bytes, signal))
    } finally {
      this.open--
    }
  }

  private async readNow(bytes: Uint8Array, signal: AbortSignal): Promise<PdfReading> {
    const { pagesMax, imagesMax, imagePixelsMax, textCharsMax, memoryBytesMax, readMsMax } = this.limits
    const order: PdfOrder = { pagesMax, imagesMax, imagePixelsMax, textCharsMax, memoryBytesMax, lifeMsMax: readMsMax + LIFE_SPARE_MS }
    const child = Bun.spawn([process.execPath, fileURLToPath(new URL('./reader-process.ts', import.meta.url)), JSON.stringify(order)], {
      stdin: bytes, stdout: 'pipe', stderr: 'ignore', env: {}, signal, timeout: readMsMax, killSignal: 'SIGKILL',
    })
    const text = await new Response(child.stdout).text()
    const code = await child.exited
    signal.throwIfAborted()
    // The other side of this pipe is reader-process.ts, which writes a PdfAnswer.
    const answer = code === 0 ? (parseObject(text) as PdfAnswer | undefined) : undefined
    return answer ?? { trouble: child.signalCode === 'SIGKILL' ? 'too_slow' : 'crashed' }
  }
}
