import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'bun:test'
import { PdfReader, type PdfLimits } from './pdf-reader.ts'
import { endlessPdf, SCANNED, smallPdf } from './small-pdf.fixture.ts'

const never = new AbortController().signal
const read = async (pdf: Uint8Array, limits: Partial<PdfLimits> = {}) => await new PdfReader(limits).read(pdf, never)

describe('PdfReader', () => {
  test('text of each page, and a picture of what has none', async () => {
    const reading = await read(smallPdf(['One', SCANNED, 'Three']))
    if (!('pages' in reading)) throw new Error(reading.trouble)
    expect(reading.pages.map(({ text }) => text)).toEqual(['One', '', 'Three'])
    const [one, scanned] = reading.pages
    expect(one?.image).toBeUndefined()
    const jpeg = Buffer.from(scanned?.image ?? '', 'base64')
    expect(await new Bun.Image(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 1211, height: 1568 })
  })

  test('the colours of a picture are those of the page', async () => {
    const reading = await read(smallPdf(['raw:1 0 0 rg 0 0 612 792 re f']), { imagePixelsMax: 8 })
    const image = 'pages' in reading ? (reading.pages[0]?.image ?? '') : ''
    // The one pixel of this PNG stands behind the filter of its row.
    const png = Buffer.from(await new Bun.Image(Buffer.from(image, 'base64')).resize(1, 1).png().bytes())
    const data = png.subarray(png.indexOf('IDAT') + 4)
    const [, red = 0, green = 255, blue = 255] = inflateSync(data.subarray(0, png.readUInt32BE(png.indexOf('IDAT') - 4)))
    expect([red > 240, green < 16, blue < 16]).toEqual([true, true, true])
  })

  test('no more pictures than are wanted', async () => {
    const reading = await read(smallPdf([SCANNED, SCANNED, SCANNED]), { imagesMax: 2, imagePixelsMax: 32 })
    expect('pages' in reading && reading.pages.map(({ image }) => image !== undefined)).toEqual([true, true, false])
  })

  test.each([
    ['broken', new TextEncoder().encode('%PDF-1.4'), {}, { trouble: 'broken' }],
    ['no pages', smallPdf([]), {}, { trouble: 'broken' }],
    ['encrypted', smallPdf(['a'], `/Encrypt<</Filter/Standard/V 1/R 2/O<${'00'.repeat(32)}>/U<${'11'.repeat(32)}>/P -4>>/ID[<00><00>]`), {}, { trouble: 'encrypted' }],
    ['too many pages', smallPdf(['a', 'b', 'c']), { pagesMax: 2 }, { trouble: 'too_many_pages', pageCount: 3 }],
    ['too much text', smallPdf(['abcdef']), { textCharsMax: 5 }, { trouble: 'too_much_text' }],
    ['too much memory', smallPdf([SCANNED]), { memoryBytesMax: 20 << 20, imagePixelsMax: 4_000 }, { trouble: 'too_much_memory' }],
    ['without end', endlessPdf(), {}, { trouble: 'too_much_memory' }],
    ['too slow: no process of this kind begins so soon', endlessPdf(), { readMsMax: 10 }, { trouble: 'too_slow' }],
  ] as const)('%s', async (_, pdf, limits, expected) => {
    expect(await read(pdf, limits)).toEqual(expected)
  })

  test('a process that nobody is left to end ends itself', async () => {
    const order = JSON.stringify({ ...new PdfReader().limits, lifeMsMax: 1 })
    // It waits for a PDF that never comes to its end.
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'reader-process.ts'), order], { stdin: 'pipe', stdout: 'ignore', stderr: 'ignore', env: {} })
    await child.exited
    expect(child.signalCode).toBe('SIGKILL')
  })

  test('who leaves ends the process; the next one finds a place', async () => {
    const reader = new PdfReader({ readsMax: 1, waitingMax: 1 })
    const left = new AbortController()
    const endless = reader.read(endlessPdf(), left.signal).then(() => 'read', (error: unknown) => error)
    const next = reader.read(smallPdf(['Next']), never)
    expect(await reader.read(smallPdf(['Third']), never)).toEqual({ trouble: 'busy' })
    left.abort('left')
    expect(await endless).toBe('left')
    expect(await next).toEqual({ pages: [{ text: 'Next' }] })
  })
})
