import type { OperatorOcr } from '../../catalog/operator-file.ts'
import { Fault } from '../../core/fault.ts'
import { asArray, asObject, asString, parseObject } from '../../core/json.ts'
import type { Transport } from '../transport.ts'

/** A page as the engine read it, and the pictures in it as data URLs. */
export interface OcrPage { readonly markdown: string; readonly images: readonly string[] }

const TIMEOUT_MS_MAX = 90_000
const ANSWER_BYTES_MAX = 64 << 20
const ERROR_BYTES_MAX = 4 << 10
const NAME = 'The OCR engine'

/** What the engine reads in a PDF, page by page. Asks for at most `imagesMax` pictures. Throws Fault, or the reason of `signal`. */
export async function readByOcr(pdf: { readonly bytes: Uint8Array; readonly name: string }, engine: OperatorOcr, imagesMax: number, transport: Transport, signal: AbortSignal): Promise<readonly OcrPage[]> {
  const late = AbortSignal.timeout(TIMEOUT_MS_MAX)
  const base64 = Buffer.from(pdf.bytes.buffer, pdf.bytes.byteOffset, pdf.bytes.length).toString('base64')
  const document = { type: 'document_url', document_url: `data:application/pdf;base64,${base64}`, document_name: pdf.name }
  try {
    const answer = await transport.request({
      url: `${engine.baseUrl.replace(/\/+$/, '')}/ocr`, method: 'POST', signal: AbortSignal.any([signal, late]), fresh: false,
      headers: { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity', ...(engine.apiKey === undefined ? {} : { authorization: `Bearer ${engine.apiKey}` }) },
      body: JSON.stringify({ model: engine.model, document, include_image_base64: imagesMax > 0, image_limit: imagesMax }),
    })
    if (answer.status !== 200) {
      await answer.text(ERROR_BYTES_MAX)
      throw refusal(answer.status, pdf.name)
    }
    const { text, cut } = await answer.text(ANSWER_BYTES_MAX)
    if (cut) throw new Fault('provider_too_much', `${NAME} sent more than ${ANSWER_BYTES_MAX} bytes for "${pdf.name}"`)
    return pagesOf(text)
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof Fault) throw error
    if (late.aborted) throw new Fault('provider_timeout', `${NAME} did not read "${pdf.name}" in time`)
    throw new Fault('provider_unreachable', `${NAME} cannot be reached; "${pdf.name}" was not read`, { cause: error })
  }
}

/** Its own words may hold what the client sent, or our credential: the status says enough. */
function refusal(status: number, name: string): Fault {
  if (status === 401 || status === 403) return new Fault('provider_credential', `${NAME} refused our credential (${status}); the operator must mend pdf.ocr.api_key`)
  if (status === 429) return new Fault('provider_rate_limited', `${NAME} limits the rate; "${name}" was not read`)
  if (status < 500) return new Fault('unprocessable', `${NAME} refused "${name}" (${status}); send a PDF that is whole, or smaller`)
  return new Fault('provider_error', `${NAME} failed (${status}); "${name}" was not read`)
}

function pagesOf(text: string): readonly OcrPage[] {
  const pages = asArray(parseObject(text)?.['pages'])
  if (!pages) throw new Fault('provider_bad_answer', `${NAME} sent what is no answer of its protocol: it has no list of pages`)
  return pages.map((page) => ({
    markdown: asString(asObject(page)?.['markdown']) ?? '',
    images: (asArray(asObject(page)?.['images']) ?? []).flatMap((image) => dataUrl(asString(asObject(image)?.['image_base64']))),
  }))
}

/** Mistral sends data URLs under this name; others the bare base64 that it promises. */
function dataUrl(image: string | undefined): string[] {
  if (!image) return []
  return [image.startsWith('data:') ? image : `data:image/jpeg;base64,${image}`]
}
