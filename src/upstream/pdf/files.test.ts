import { describe, expect, test } from 'bun:test'
import type { Endpoint } from '../../catalog/endpoint.ts'
import type { OperatorOcr } from '../../catalog/operator-file.ts'
import type { Call, Modality } from '../../core/call.ts'
import { readCall } from '../../dialects/openai-chat/call-read.ts'
import type { Answer, Transport } from '../transport.ts'
import { Files } from './files.ts'
import { PDF_LIMITS, type PdfReading } from './pdf-reader.ts'
import { smallPdf } from './small-pdf.fixture.ts'

const never = new AbortController().signal
const NOBODY: Transport = { request: () => Promise.reject(new Error('nobody is to be asked')) }

/** Files whose reader gives one page with this text, and counts how often it is asked. */
function filesOf(reading: PdfReading = { pages: [{ text: 'words' }] }, more: { transport?: Transport; ocr?: OperatorOcr } = {}) {
  const seen: Uint8Array[] = []
  const reader = { limits: PDF_LIMITS, read: async (bytes: Uint8Array) => { seen.push(bytes); return await Promise.resolve(reading) } }
  return { seen, files: new Files({ reader, transport: more.transport ?? NOBODY, ocr: () => more.ocr }) }
}

function endpoint(...inputs: Modality[]): Endpoint {
  // What is asked of an endpoint here is what it reads.
  return { inputs: new Set<Modality>(['text', ...inputs]) } as unknown as Endpoint
}

const dataUrl = (text: string): string => `data:application/pdf;base64,${Buffer.from(smallPdf([text])).toString('base64')}`
const file = (data: string, filename = 'a.pdf', more: object = {}): object => ({ type: 'file', file: { filename, file_data: data }, ...more })

function callOf(parts: readonly object[], more: object = {}): Call {
  const body = JSON.stringify({ model: 'a/m', messages: [{ role: 'user', content: parts }], ...more })
  return readCall(JSON.parse(body) as never, { id: 'gen-1', createdMs: 0, headers: {}, bodyBytes: body.length })
}

describe('told', () => {
  test('a model that reads files is told the call itself', async () => {
    const { files, seen } = filesOf()
    const call = callOf([file(dataUrl('a'))])
    expect(await files.told(call, endpoint('file'), never)).toBe(call)
    expect(seen).toEqual([])
  })

  test('each file is read once, wherever and however often it stands, and for all endpoints of a plan', async () => {
    const { files, seen } = filesOf()
    const call = callOf([file(dataUrl('a')), file(dataUrl('b'), 'b.pdf'), file(dataUrl('a')), file(dataUrl('a').slice('data:application/pdf;base64,'.length))])
    const { call: measured } = await files.measured(call, never)
    await files.told(measured, endpoint(), never)
    const told = await files.told(measured, endpoint('image'), never)
    expect(seen).toHaveLength(2)
    expect(told.body.messages[0]?.content).toHaveLength(12)
    expect(files.annotations(measured)).toHaveLength(2)
    expect(call.body.messages[0]?.content).toHaveLength(4)
  })

  test("its cache mark stays behind the file; the client's own form goes", async () => {
    const call: Call = { ...callOf([file(dataUrl('a'), 'a.pdf', { cache_control: { type: 'ephemeral' } })]), native: { messages: [] } }
    const told = await filesOf().files.told((await filesOf().files.measured(call, never)).call, endpoint(), never)
    expect(told.native).toBeUndefined()
    expect(told.body.messages[0]?.content).toEqual([{ type: 'text', text: '<file name="a.pdf">' }, { type: 'text', text: 'words' }, { type: 'text', text: '</file>', cache_control: { type: 'ephemeral' } }])
  })

  test('a name cannot close what it stands in', async () => {
    const { files } = filesOf()
    const told = await files.told(callOf([file(dataUrl('a'), 'a"></file>.pdf')]), endpoint(), never)
    expect(told.body.messages[0]?.content?.[0]).toEqual({ type: 'text', text: '<file name="a/file.pdf">' })
  })

  test('what was held bounds what is read after it', async () => {
    const { files } = filesOf({ pages: [{ text: 'w'.repeat(100_000) }] })
    const call = callOf([file(dataUrl('a'))])
    expect(await files.told(call, endpoint(), never).catch((error: unknown) => error)).toMatchObject({ code: 'context_length_exceeded', retry: 'next' })
    const { call: measured } = await files.measured(call, never)
    expect(measured.needs.promptTokensMax).toBeGreaterThanOrEqual(50_000)
    expect((await files.told(measured, endpoint(), never)).body.messages[0]?.content).toHaveLength(3)
  })
})

describe('measured', () => {
  test('what is told never comes to more than the bound: two bytes a token, and eight pictures', async () => {
    for (const text of ['plain words', 'Ünïcödé 漢字 🙂', 'x'.repeat(50_000)]) {
      const { files } = filesOf({ pages: [{ text }, ...Array.from({ length: 9 }, () => ({ text: '', image: 'AAAA' }))] })
      const { call } = await files.measured(callOf([file(dataUrl('a')), file(dataUrl('a'))]), never)
      const told = JSON.stringify((await files.told(call, endpoint('image'), never)).body)
      const images = told.split('data:image/jpeg').length - 1
      expect(images).toBe(8)
      expect(call.needs.promptTokensMax).toBeGreaterThanOrEqual(Buffer.byteLength(text) + 8 * 3_000)
    }
  })

  test('pictures alone need a model that sees', async () => {
    const { files } = filesOf({ pages: [{ text: '', image: 'AAAA' }] })
    const { call, wordless } = await files.measured(callOf([file(dataUrl('a'), 'scan.pdf')]), never)
    expect(call.needs.inputs).toEqual(['file', 'image'])
    expect(wordless).toMatchObject({ code: 'unprocessable', message: expect.stringContaining('"scan.pdf" has no text in it') })
    expect(await files.told(call, endpoint(), never).catch((error: unknown) => error)).toMatchObject({ code: 'unprocessable' })
  })

  test('what came back from the client is not new', async () => {
    const { files, seen } = filesOf()
    const first = callOf([file(dataUrl('a'))])
    await files.measured(first, never)
    const annotations = files.annotations(first)
    const body = { messages: [{ role: 'user', content: [file(dataUrl('a'))] }, { role: 'assistant', content: 'so', annotations }, { role: 'user', content: 'and?' }] }
    const { call } = await files.measured(callOf([], body), never)
    expect([seen.length, files.annotations(call)]).toEqual([1, []])
  })

  test('too many, too large, and addresses that nobody fetches', async () => {
    const { files } = filesOf()
    const refusal = async (...parts: object[]): Promise<unknown> => await files.measured(callOf(parts), never).catch((error: unknown) => error)
    expect(await refusal(...Array.from({ length: 33 }, (_, at) => file(dataUrl(String(at)))))).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('at most 32') })
    expect(await refusal(file(`JVBERi0${'A'.repeat(45 << 20)}`))).toMatchObject({ code: 'payload_too_large', message: expect.stringContaining('"a.pdf" has') })
    expect(await refusal(file('https://a.test/a.pdf'))).toMatchObject({ code: 'invalid_request', message: expect.stringContaining('egress.enabled') })
  })
})

describe('an OCR engine', () => {
  const ocr: OperatorOcr = { baseUrl: 'https://ocr.test/v1/', model: 'm' }
  const answering = (status: number, text: string): Transport & { urls: string[] } => {
    const urls: string[] = []
    const answer: Answer = { status, headers: new Headers(), read: () => Promise.resolve(undefined), cancel: () => undefined, text: () => Promise.resolve({ text, cut: false }) }
    return { urls, request: ({ url }) => { urls.push(url); return Promise.resolve(answer) } }
  }
  const asked = async (transport: Transport): Promise<unknown> => {
    const { files } = filesOf(undefined, { transport, ocr })
    try {
      const { call } = await files.measured(callOf([file(dataUrl('a'))]), never)
      return (await files.told(call, endpoint('image'), never)).body.messages[0]?.content
    } catch (error) {
      return error
    }
  }

  test('its pages are what it says; bare base64 is a JPEG', async () => {
    const transport = answering(200, JSON.stringify({ pages: [{ index: 0, markdown: '# One', images: [{ image_base64: 'AAAA' }, { image_base64: null }] }, { markdown: ' ' }] }))
    expect(await asked(transport)).toEqual([{ type: 'text', text: '<file name="a.pdf">' }, { type: 'text', text: '# One' }, { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,AAAA' } }, { type: 'text', text: '</file>' }])
    expect(transport.urls).toEqual(['https://ocr.test/v1/ocr'])
  })

  test.each([
    [401, '', 'provider_credential'], [429, '', 'provider_rate_limited'], [422, '{"detail":"bad"}', 'unprocessable'], [500, '', 'provider_error'], [200, 'nonsense', 'provider_bad_answer'], [200, '{}', 'provider_bad_answer'],
  ])('%i %s is %s', async (status, text, code) => {
    expect(await asked(answering(status, text))).toMatchObject({ code })
  })

  test('one that cannot be reached', async () => {
    expect(await asked(NOBODY)).toMatchObject({ code: 'provider_unreachable' })
  })
})
