import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { endlessPdf, SCANNED, smallPdf } from '../../src/upstream/pdf/small-pdf.fixture.ts'
import { hasShared } from '../shared.ts'
import { validateSchema } from '../openapi.ts'
import { startGateway, type Gateway } from '../server.ts'
import { startRecorder, type Recorder } from './recorder.ts'

/** PDFs for models that read none, through the whole program: contract B54–B56, D8, M33. */

const OCR = {
  model: 'mistral-ocr-2512', usage_info: { pages_processed: 1, doc_size_bytes: 600 },
  pages: [{ index: 0, markdown: '# Seen by OCR\n\n![img-0.jpeg](img-0.jpeg)', dimensions: { dpi: 200, height: 2200, width: 1700 },
    images: Array.from({ length: 9 }, (_, at) => ({ id: `img-${at}.jpeg`, top_left_x: 0, top_left_y: 0, bottom_right_x: 1, bottom_right_y: 1, image_base64: `data:image/jpeg;base64,AAA${at}` })) }],
}

let provider: Recorder
let ocr: Recorder
let gateway: Gateway
let withOcr: Gateway
const HELLO = smallPdf(['Hello world'])
const HASH = createHash('sha256').update(HELLO).digest('hex')

beforeAll(async () => {
  provider = startRecorder()
  ocr = startRecorder(OCR)
  const model = (id: string, inputs: string, context = 100_000): string => `      - { id: acme/${id}, upstream_id: ${id}, context: ${context}, max_output: 1000, price: { input: "10", output: "10" }, inputs: [${inputs}] }`
  const config = ['egress: { allow_private: true }', 'providers:', '  acme:', '    dialect: openai-chat', `    base_url: ${provider.url}/v1`, '    api_key: k', '    models:',
    model('text', 'text'), model('small', 'text', 4_000), model('eyes', 'text, image'), model('native', 'text, image, file'),
    '  other:', '    dialect: openai-chat', `    base_url: ${provider.url}/other`, '    api_key: k', '    models:', model('native', 'text'), ''].join('\n')
  gateway = await startGateway({ config })
  withOcr = await startGateway({ config: `${config}pdf: { ocr: { base_url: "${ocr.url}/v1", api_key: ocr-key, model: mistral-ocr-2512 } }\n` })
})
afterAll(async () => {
  await Promise.all([gateway.stop(), withOcr.stop(), provider.stop(), ocr.stop()])
})
beforeEach(() => {
  provider.told.length = 0
  ocr.told.length = 0
  provider.failWith(undefined)
})

const dataUrl = (bytes: Uint8Array): string => `data:application/pdf;base64,${Buffer.from(bytes).toString('base64')}`
const filePart = (data: string, filename: string | undefined = 'hello.pdf'): object => ({ type: 'file', file: { ...(filename === '' ? {} : { filename }), file_data: data } })
const asked = (...parts: object[]): object => ({ role: 'user', content: [{ type: 'text', text: 'What is in it?' }, ...parts] })
const chat = (model: string, messages: readonly object[], more: object = {}): object => ({ model: `acme/${model}`, max_tokens: 10, messages, ...more })
/** The parts that the provider was last told in the last message of the user's. */
const toldParts = (): { type: string; text?: string; image_url?: { url: string } }[] => {
  const messages = provider.told.at(-1)?.['messages'] as { role: string; content: never }[]
  return messages.findLast(({ role }) => role === 'user')?.content ?? []
}
const READ = [{ type: 'text', text: 'What is in it?' }, { type: 'text', text: '<file name="hello.pdf">' }, { type: 'text', text: 'Hello world' }, { type: 'text', text: '</file>' }]
const ANNOTATION = { type: 'file', file: { hash: HASH, name: 'hello.pdf', content: READ.slice(1) } }

interface Answer { choices: { message: { content: string; annotations?: object[] } }[]; usage: { cost: number }; error?: { code: number; message: string; metadata: Record<string, unknown> } }
const ask = async (body: object, at: Gateway = gateway): Promise<{ status: number; json: Answer }> => {
  const response = await at.api('/chat/completions', body)
  return { status: response.status, json: await response.json() as Answer }
}

describe('a PDF for a model that reads none', () => {
  test('a data URL, bare base64 and an address are read, and told as text', async () => {
    const web = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(new Blob([new Uint8Array(HELLO)]), { headers: { 'content-type': 'application/octet-stream' } }) })
    for (const data of [dataUrl(HELLO), Buffer.from(HELLO).toString('base64'), `http://127.0.0.1:${web.port}/download?id=1`]) {
      const { status, json } = await ask(chat('text', [asked(filePart(data))]))
      expect([status, json.choices[0]?.message]).toEqual([200, expect.objectContaining({ content: 'Read.', annotations: [ANNOTATION] })])
      expect(toldParts()).toEqual(READ)
      if (hasShared) expect(validateSchema('ChatResult', json)).toEqual([])
    }
    await web.stop(true)
  })

  test('a stream says the annotation once, before the words', async () => {
    const response = await gateway.api('/chat/completions', chat('text', [asked(filePart(dataUrl(HELLO)))], { stream: true }))
    const events = (await response.text()).split('\n\n').filter((line) => line.startsWith('data: {')).map((line) => JSON.parse(line.slice(6)) as { model: string; choices: { delta: { content?: string; annotations?: object[] } }[] })
    const deltas = events.flatMap(({ choices }) => choices.map(({ delta }) => delta))
    expect(deltas.flatMap(({ annotations }) => annotations ?? [])).toEqual([ANNOTATION])
    expect(deltas.findIndex(({ annotations }) => annotations)).toBeLessThan(deltas.findIndex(({ content }) => content === 'Read.'))
    expect(new Set(events.map(({ model }) => model))).toEqual(new Set(['acme/text']))
  })

  test('an annotation that comes back stands for the file: nothing is read again', async () => {
    const kept = { ...ANNOTATION, file: { ...ANNOTATION.file, content: [{ type: 'text', text: 'as it was read before' }] } }
    const { json } = await ask(chat('text', [asked(filePart(dataUrl(HELLO))), { role: 'assistant', content: 'Read.', annotations: [kept] }, asked(filePart(dataUrl(HELLO)))]))
    expect(toldParts()).toEqual([{ type: 'text', text: 'What is in it?' }, { type: 'text', text: 'as it was read before' }])
    expect(JSON.stringify(provider.told)).not.toContain('annotations')
    expect(json.choices[0]?.message.annotations).toBeUndefined()
  })

  test('pages are numbered; one without text is a picture for who sees, and refused by name where nobody does', async () => {
    const { status } = await ask(chat('eyes', [asked(filePart(dataUrl(smallPdf(['One', SCANNED]))))]))
    expect(status).toBe(200)
    expect(toldParts().map(({ type, text, image_url: image }) => text ?? [type, image?.url.slice(0, 23)])).toEqual(['What is in it?', '<file name="hello.pdf">', '[page 1]\nOne', '[page 2 has no text]', ['image_url', 'data:image/jpeg;base64,'], '</file>'])
    expect((await ask(chat('text', [asked(filePart(dataUrl(smallPdf(['One', SCANNED]))))]))).status).toBe(200)
    expect(toldParts().every(({ type }) => type === 'text')).toBe(true)
    const { status: refused, json } = await ask(chat('text', [asked(filePart(dataUrl(smallPdf([SCANNED])), 'scan.pdf'))]))
    expect([refused, json.error?.message]).toEqual([422, expect.stringContaining('messages[0].content[1].file.file_data: "scan.pdf" has no text in it')])
  })

  test('at most eight pictures go with a request, and every page is named', async () => {
    const scans = (count: number): string => dataUrl(smallPdf(Array.from({ length: count }, () => SCANNED)))
    expect((await ask(chat('eyes', [asked(filePart(scans(9)), filePart(scans(2), 'b.pdf'))]))).status).toBe(200)
    expect(toldParts().filter(({ type }) => type === 'image_url')).toHaveLength(8)
    expect(toldParts().filter(({ text }) => /has no text/.test(text ?? ''))).toHaveLength(11)
  })

  test('a model that reads PDFs is given the file, first among the endpoints; when it fails, the words go to the next, and come with the error (M33)', async () => {
    expect((await ask(chat('native', [asked(filePart(dataUrl(HELLO)))]))).json.choices[0]?.message.annotations).toBeUndefined()
    expect(toldParts()[1]).toEqual(filePart(dataUrl(HELLO)) as never)
    provider.failWith(500)
    const { status, json } = await ask(chat('native', [asked(filePart(dataUrl(HELLO)))]))
    expect(status).toBeGreaterThanOrEqual(500)
    expect(provider.told.slice(1).map((body) => (body['messages'] as { content: object[] }[])[0]?.content)).toEqual([[READ[0], filePart(dataUrl(HELLO))], READ] as never)
    expect(json.error?.metadata['file_annotations']).toEqual([ANNOTATION])
  })

  test('what the words cost is held before the call: a prompt that they make too long is refused', async () => {
    const long = dataUrl(smallPdf(Array.from({ length: 40 }, () => 'x '.repeat(600))))
    const { status, json } = await ask(chat('small', [asked(filePart(long))]))
    expect([status, json.error?.message]).toEqual([400, expect.stringContaining('maximum context length')])
    expect(provider.told).toEqual([])
  })
})

describe('the file-parser plugin', () => {
  const parser = (more: object): object => ({ plugins: [{ id: 'file-parser', ...more }] })

  test('its engines of this machine read also for a model that reads files itself', async () => {
    for (const engine of ['pdf-text', 'cloudflare-ai']) {
      await ask(chat('native', [asked(filePart(dataUrl(HELLO)))], parser({ pdf: { engine } })))
      expect(toldParts()).toEqual(READ)
    }
  })

  test('native, and a plugin turned off, leave only models that read files', async () => {
    for (const more of [{ pdf: { engine: 'native' } }, { enabled: false }]) {
      expect((await ask(chat('native', [asked(filePart(dataUrl(HELLO)))], parser(more)))).status).toBe(200)
      const { status, json } = await ask(chat('text', [asked(filePart(dataUrl(HELLO)))], parser(more)))
      expect([status, json.error?.message]).toEqual([404, expect.stringContaining('does not read file')])
    }
  })

  test('an engine that there is not is named', async () => {
    const { status, json } = await ask(chat('text', [asked(filePart(dataUrl(HELLO)))], parser({ pdf: { engine: 'tesseract' } })))
    expect([status, json.error?.message]).toEqual([400, expect.stringMatching(/plugins\[0\]\.pdf\.engine: must be one of "native".*not the string "tesseract"/)])
  })

  test('mistral-ocr says what to set up; once it is, it reads, and without a word of the client as well', async () => {
    const body = chat('eyes', [asked(filePart(dataUrl(HELLO)))], parser({ pdf: { engine: 'mistral-ocr' } }))
    const { status, json } = await ask(body)
    expect([status, json.error?.message]).toEqual([400, expect.stringContaining('pdf.ocr in switchyard.yaml')])
    for (const one of [body, chat('eyes', [asked(filePart(dataUrl(HELLO)))])]) {
      expect((await ask(one, withOcr)).status).toBe(200)
      expect(ocr.told.at(-1)).toEqual({ authorization: 'Bearer ocr-key', model: 'mistral-ocr-2512', document: { type: 'document_url', document_url: dataUrl(HELLO), document_name: 'hello.pdf' }, include_image_base64: true, image_limit: 8 })
      expect(toldParts().map(({ type, text }) => text ?? type)).toEqual(['What is in it?', '<file name="hello.pdf">', '# Seen by OCR\n\n![img-0.jpeg](img-0.jpeg)', ...Array.from({ length: 8 }, () => 'image_url'), '</file>'])
    }
    ocr.told.length = 0
    await ask(chat('eyes', [asked(filePart(dataUrl(HELLO)))], parser({ pdf: { engine: 'pdf-text' } })), withOcr)
    expect([ocr.told, toldParts()]).toEqual([[], READ] as never)
  })

  test('an OCR engine that refuses us is told of without its words', async () => {
    ocr.failWith(401)
    const { status, json } = await ask(chat('text', [asked(filePart(dataUrl(HELLO)))]), withOcr)
    ocr.failWith(undefined)
    expect([status, json.error?.message]).toEqual([502, expect.stringContaining('pdf.ocr.api_key')])
  })
})

describe('a PDF that cannot be read is refused by its name', () => {
  const cases: [string, number, string, string][] = [
    ['broken', 422, 'is broken', dataUrl(new TextEncoder().encode('%PDF-1.4 and nothing else'))],
    ['encrypted', 422, 'is encrypted', dataUrl(smallPdf(['a'], `/Encrypt<</Filter/Standard/V 1/R 2/O<${'00'.repeat(32)}>/U<${'11'.repeat(32)}>/P -4>>/ID[<00><00>]`))],
    ['no PDF', 400, 'is not a PDF', 'data:application/pdf;base64,iVBORw0KGgo='],
    ['empty', 400, 'is empty', 'data:application/pdf;base64,'],
    ['no base64', 400, 'is not base64', 'data:application/pdf;base64,%%%'],
    ['too many pages', 422, 'has 501 pages; at most 500', dataUrl(smallPdf(Array.from({ length: 501 }, () => 'a')))],
  ]
  test.each(cases)('%s', async (_, status, why, data) => {
    const { status: got, json } = await ask(chat('text', [asked(filePart(data, 'x.pdf'))]))
    expect([got, json.error?.message]).toEqual([status, expect.stringContaining(`messages[0].content[1].file.file_data: "x.pdf" ${why}`)])
    expect(provider.told).toEqual([])
  })

  test('one that would take for ever stops nobody else', async () => {
    const left = new AbortController()
    const endless = gateway.api('/chat/completions', chat('text', [asked(filePart(dataUrl(endlessPdf())))]), { signal: left.signal }).catch(() => 'left')
    expect((await ask(chat('text', [asked(filePart(dataUrl(HELLO)))]))).status).toBe(200)
    left.abort()
    expect(await endless).toBe('left')
    expect(gateway.isAlive()).toBe(true)
  })
})

describe('every client dialect', () => {
  const base64 = Buffer.from(HELLO).toString('base64')
  const model = 'acme/text'
  const cases: [string, string, object][] = [
    ['Messages', '/messages', { model, max_tokens: 10, messages: [{ role: 'user', content: [{ type: 'document', title: 'hello.pdf', source: { type: 'base64', media_type: 'application/pdf', data: base64 } }] }] }],
    ['Responses', '/responses', { model, input: [{ role: 'user', content: [{ type: 'input_file', filename: 'hello.pdf', file_data: dataUrl(HELLO) }] }] }],
    ['Gemini', '/../../v1beta/models/acme/text:generateContent', { contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'application/pdf', data: base64, displayName: 'hello.pdf' } }] }] }],
  ]
  test.each(cases)('%s', async (_, path, body) => {
    const response = await gateway.api(path, body)
    expect([response.status, JSON.stringify(await response.json())]).toEqual([200, expect.stringContaining('Read.')])
    expect(toldParts()).toEqual(READ.slice(1))
  })
})
