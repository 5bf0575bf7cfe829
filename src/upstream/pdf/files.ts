import { createHash } from 'node:crypto'
import { fileReader } from '../../catalog/file-reader.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { OperatorOcr } from '../../catalog/operator-file.ts'
import type { Call, ChatBody, PdfEngine } from '../../core/call.ts'
import { Fault, type FaultCode } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { isLink, pdfBytes } from '../../core/pdf.ts'
import { sniff } from '../egress/sniff.ts'
import type { Egress } from '../egress/egress.ts'
import type { Transport } from '../transport.ts'
import { contentChars, contentOfOcr, contentOfPages, contentTokensMax, hasWords } from './file-content.ts'
import { pdfsIn, readBefore, withoutPdfs, type PlacedPdf } from './file-parts.ts'
import { readByOcr } from './ocr.ts'
import type { PdfReader, PdfReading } from './pdf-reader.ts'

export interface FilesOptions {
  readonly reader: Pick<PdfReader, 'read' | 'limits'>
  /** How the OCR engine is reached. */
  readonly transport: Transport
  /** Who fetches PDFs that are said by address; without it they must stand in the message. */
  readonly egress?: Pick<Egress, 'fetch'>
  /** The OCR engine that the operator's file names now. */
  readonly ocr?: () => OperatorOcr | undefined
}

/** A PDF that was read, as parts that every model can be told. */
interface ReadFile { readonly hash: string; readonly name: string; readonly content: readonly JsonObject[]; readonly isNew: boolean }

const FILES_MAX = 32
const CALL_BYTES_MAX = 48 << 20
/** All files of one call: fetching, waiting for a place, reading. */
const CALL_MS_MAX = 120_000
const NAMELESS = 'document.pdf'

/**
 * Reads the PDFs of calls for models that read none (contract B54–B56): on this machine, or by the OCR engine of the operator's.
 * What was read is kept as long as the call is, so that no endpoint of its plan has it read again.
 */
export class Files {
  private readonly known = new WeakMap<ChatBody, Map<string, ReadFile>>()

  constructor(private readonly options: FilesOptions) {}

  /** The call as this endpoint is told it: the call itself where its model reads the files. Throws Fault, or the reason of `signal`. */
  async told(call: Call, endpoint: Endpoint, signal: AbortSignal): Promise<Call> {
    const { needs } = call
    if (!needs.pdfs || fileReader(needs, endpoint) !== 'server') return call
    const files = await this.read(call, signal)
    const placed = pdfsIn(call.body)
    // Before the hold they are measured, unless a model was to read them and could not: then they must keep within what was held.
    const isMeasured = needs.pdfs.promptTokensMax >= needs.promptTokensMax
    if (!isMeasured && needs.pdfs.promptTokensMax + this.tokensMax(files, placed) > needs.promptTokensMax) {
      throw new Fault('context_length_exceeded', 'messages: what this server reads in the PDFs is longer than what was set aside for a model that reads them itself', { retry: 'next', metadata: { field: 'messages' } })
    }
    const showsImages = endpoint.inputs === null || endpoint.inputs.has('image')
    const wordless = showsImages ? undefined : placed.find(({ said }) => !hasWords(files.get(said)?.content ?? []))
    if (wordless) throw noWords(wordless)
    let images = showsImages ? this.options.reader.limits.imagesMax : 0
    const shown = (part: JsonObject) => part['type'] !== 'image_url' || images-- > 0
    return withoutPdfs(call, (said) => files.get(said)?.content.filter(shown))
  }

  /** The call with needs that are those of what is in its PDFs; and a PDF of pictures alone, which only a model that sees can be told. */
  async measured(call: Call, signal: AbortSignal): Promise<{ readonly call: Call; readonly wordless?: Fault }> {
    const { needs } = call
    if (!needs.pdfs) return { call }
    const files = await this.read(call, signal)
    const placed = pdfsIn(call.body)
    const wordless = placed.find(({ said }) => !hasWords(files.get(said)?.content ?? []))
    const promptTokensMax = needs.pdfs.promptTokensMax + this.tokensMax(files, placed)
    const chars = placed.reduce((sum, { said }) => sum + contentChars(files.get(said)?.content ?? []), 0)
    const read: Call = { ...call, needs: {
      ...needs, promptTokensMax, pdfs: { ...needs.pdfs, promptTokensMax }, promptTokensGuess: (needs.promptTokensGuess ?? 0) + Math.ceil(chars / CHARS_PER_TOKEN),
      inputs: wordless ? [...new Set([...needs.inputs, 'image' as const])] : needs.inputs,
    } }
    return { call: read, ...(wordless ? { wordless: noWords(wordless) } : {}) }
  }

  /** What was newly read for this call, as the client gets it and may send it back (B56). */
  annotations({ body }: Call): JsonObject[] {
    const files = new Map([...(this.known.get(body)?.values() ?? [])].filter(({ isNew }) => isNew).map((file) => [file.hash, file]))
    return [...files.values()].map(({ hash, name, content }) => ({ type: 'file', file: { hash, name, content } }))
  }

  /** The bound of what files come to where they stand, each as often as it does. */
  private tokensMax(files: ReadonlyMap<string, ReadFile>, placed: readonly PlacedPdf[]): number {
    let images = this.options.reader.limits.imagesMax
    return placed.reduce((sum, { said }) => sum + contentTokensMax((files.get(said)?.content ?? []).filter((part) => part['type'] !== 'image_url' || images-- > 0)), 0)
  }

  private async read(call: Call, client: AbortSignal): Promise<ReadonlyMap<string, ReadFile>> {
    const known = this.known.get(call.body) ?? new Map<string, ReadFile>()
    this.known.set(call.body, known)
    const open = [...new Map(pdfsIn(call.body).map((pdf) => [pdf.said, pdf])).values()].filter(({ said }) => !known.has(said))
    if (open.length === 0) return known
    if (open.length > FILES_MAX) throw new Fault('invalid_request', `messages: have ${open.length} PDFs; at most ${FILES_MAX} are read for a model that does not read them itself`, { retry: 'next', metadata: { field: 'messages' } })
    const late = AbortSignal.timeout(CALL_MS_MAX)
    try {
      await this.readAll(open, known, call, AbortSignal.any([client, late]))
    } catch (error) {
      client.throwIfAborted()
      if (late.aborted) throw new Fault('unprocessable', `messages: reading the PDFs took more than ${CALL_MS_MAX / 1000} s; send fewer, or name a model that reads PDFs itself`, { retry: 'next', metadata: { field: 'messages' } })
      throw error
    }
    return known
  }

  private async readAll(open: readonly PlacedPdf[], known: Map<string, ReadFile>, { body, needs }: Call, signal: AbortSignal): Promise<void> {
    const before = readBefore(body)
    let total = 0
    for (const pdf of open) {
      const bytes = await this.bytesOf(pdf, signal)
      total += bytes.length
      if (total > CALL_BYTES_MAX) throw new Fault('payload_too_large', `messages: have PDFs of more than ${CALL_BYTES_MAX} bytes in all`, { retry: 'next', metadata: { field: 'messages' } })
      const hash = createHash('sha256').update(bytes).digest('hex')
      const same = [...known.values()].find((file) => file.hash === hash)
      const content = same?.content ?? before.get(hash) ?? await this.contentOf(pdf, bytes, needs.pdfs?.engine, signal)
      known.set(pdf.said, { hash, name: pdf.name ?? NAMELESS, content, isNew: same?.isNew ?? !before.has(hash) })
    }
  }

  private async bytesOf(pdf: PlacedPdf, signal: AbortSignal): Promise<Uint8Array> {
    const { bytesMax } = this.options.reader.limits
    const bytes = isLink(pdf.said) ? await this.fetched(pdf, signal) : pdfBytes(pdf.said)
    if (bytes === undefined) throw fault('invalid_request', pdf, 'is not base64; send data:application/pdf;base64,…')
    if (bytes.length === 0) throw fault('invalid_request', pdf, 'is empty')
    if (bytes.length > bytesMax) throw fault('payload_too_large', pdf, `has ${bytes.length} bytes; at most ${bytesMax} are read`)
    const type = sniff(bytes)
    if (type !== 'application/pdf') throw fault('invalid_request', pdf, `is not a PDF${type === undefined ? '' : ` but ${type}`}; this model reads no files, and only PDFs are read for it`)
    return bytes
  }

  private async fetched(pdf: PlacedPdf, signal: AbortSignal): Promise<Uint8Array> {
    const { egress } = this.options
    if (!egress) throw fault('invalid_request', pdf, 'is an address, and this server fetches none (egress.enabled is false): send the file as a data URL')
    return (await egress.fetch(pdf.said, { kind: 'file', field: pdf.place, signal })).bytes
  }

  /** Without a word of the client's, the OCR engine reads where the operator has named one (the contract's default); else this machine does. */
  private async contentOf(pdf: PlacedPdf, bytes: Uint8Array, asked: PdfEngine | undefined, signal: AbortSignal): Promise<readonly JsonObject[]> {
    const { reader, transport } = this.options
    const { imagesMax } = reader.limits
    const name = pdf.name ?? NAMELESS
    const ocr = asked === 'local' ? undefined : this.options.ocr?.()
    if (ocr) return contentOfOcr(name, await readByOcr({ bytes, name }, ocr, imagesMax, transport, signal), imagesMax)
    if (asked === 'mistral-ocr') {
      throw new Fault('invalid_request', 'plugins: the engine "mistral-ocr" is not set up on this server: its operator names an OCR engine as pdf.ocr in switchyard.yaml. The engine "cloudflare-ai" reads PDFs on this server itself', { metadata: { field: 'plugins' } })
    }
    const reading = await reader.read(bytes, signal)
    if ('trouble' in reading) throw this.trouble(pdf, reading)
    return contentOfPages(name, reading.pages)
  }

  private trouble(pdf: PlacedPdf, { trouble, pageCount }: Extract<PdfReading, { readonly trouble: string }>): Fault {
    const { pagesMax, textCharsMax, readMsMax } = this.options.reader.limits
    switch (trouble) {
      case 'encrypted': return fault('unprocessable', pdf, 'is encrypted; send it without its password')
      case 'too_many_pages': return fault('unprocessable', pdf, `has ${pageCount ?? 'too many'} pages; at most ${pagesMax} are read. Send it in parts`)
      case 'too_much_text': return fault('unprocessable', pdf, `has more than ${textCharsMax} characters. Send it in parts`)
      case 'too_much_memory': return fault('unprocessable', pdf, 'takes more memory to read than it may have. Send it in parts, or simpler')
      case 'too_slow': return fault('unprocessable', pdf, `took more than ${readMsMax / 1000} s to read. Send it in parts, or simpler`)
      case 'busy': return new Fault('overloaded', 'This server reads as many PDFs as it can; try again', { retryAfterMs: 1_000 })
      case 'broken': case 'crashed': return fault('unprocessable', pdf, 'is broken: no pages can be read in it')
    }
  }
}

const CHARS_PER_TOKEN = 4

/** Another endpoint may have a model that reads the file itself: the next one is tried. */
function fault(code: FaultCode, { place, name = NAMELESS }: PlacedPdf, why: string): Fault {
  return new Fault(code, `${place}: "${name}" ${why}`, { retry: 'next', metadata: { field: place } })
}

function noWords(pdf: PlacedPdf): Fault {
  return fault('unprocessable', pdf, 'has no text in it, only pictures of pages: name a model that reads images or PDFs, or the engine "mistral-ocr" where this server has one')
}
