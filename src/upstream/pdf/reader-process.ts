// Reads one PDF in a process of its own: what a hostile one does to PDFium stays here. Standard input: the PDF; standard output: a PdfAnswer.
import type { PDFiumPage } from '@hyzyla/pdfium'
import type { PdfAnswer, PdfOrder, PdfPage, PdfTrouble } from './protocol.ts'

const JPEG_QUALITY = 80
const WASM_PAGE_BYTES = 65_536
const BMP_HEAD_BYTES = 54

/** Set once PDFium was refused memory: what it says of that afterwards is all sorts of things. */
let starved = false

/** PDFium asks for more memory by `grow`, and takes an exception for a no. */
function capMemory(bytesMax: number): void {
  // It is called below with the memory that it was asked of.
  // oxlint-disable-next-line typescript/unbound-method
  const { grow } = WebAssembly.Memory.prototype
  WebAssembly.Memory.prototype.grow = function capped(this: WebAssembly.Memory, pages: number): number {
    if (this.buffer.byteLength + pages * WASM_PAGE_BYTES > bytesMax) {
      starved = true
      throw new RangeError('no more memory for this PDF')
    }
    return grow.call(this, pages)
  }
}

async function read(bytes: Uint8Array, order: PdfOrder): Promise<PdfAnswer> {
  capMemory(order.memoryBytesMax)
  const { PDFiumLibrary } = await import('@hyzyla/pdfium')
  const library = await PDFiumLibrary.init()
  const document = await library.loadDocument(bytes)
  const pageCount = document.getPageCount()
  if (pageCount > order.pagesMax) return { trouble: 'too_many_pages', pageCount }
  const pages: PdfPage[] = []
  let chars = 0
  let images = 0
  for (let at = 0; at < pageCount; at++) {
    const page = document.getPage(at)
    const text = page.getText().replaceAll('\r\n', '\n').replaceAll('\0', '').trim()
    chars += text.length
    if (chars > order.textCharsMax) return { trouble: 'too_much_text' }
    const image = text === '' && images < order.imagesMax ? await pictureOf(page, order.imagePixelsMax) : undefined
    if (image !== undefined) images++
    pages.push({ text, ...(image === undefined ? {} : { image }) })
  }
  return pages.length === 0 ? { trouble: 'broken' } : { pages }
}

async function pictureOf(page: PDFiumPage, pixelsMax: number): Promise<string | undefined> {
  const { originalWidth, originalHeight } = page.getOriginalSize()
  const longest = Math.max(originalWidth, originalHeight)
  // A page of no size, or one like a thread: there is nothing to see on it.
  if (!(longest > 0) || Math.min(originalWidth, originalHeight) * (pixelsMax / longest) < 1) return undefined
  const { width, height, data } = await page.render({ scale: pixelsMax / longest, render: 'bitmap' })
  return await new Bun.Image(asBmp(width, height, data)).jpeg({ quality: JPEG_QUALITY }).toBase64()
}

/** Pixels with the head of the plainest format that Bun reads: rows from the top, blue first. */
function asBmp(width: number, height: number, rgba: Uint8Array): Uint8Array {
  const bmp = Buffer.alloc(BMP_HEAD_BYTES + rgba.length)
  bmp.write('BM')
  bmp.writeUInt32LE(bmp.length, 2)
  bmp.writeUInt32LE(BMP_HEAD_BYTES, 10)
  bmp.writeUInt32LE(40, 14)
  bmp.writeInt32LE(width, 18)
  bmp.writeInt32LE(-height, 22)
  bmp.writeUInt16LE(1, 26)
  bmp.writeUInt16LE(32, 28)
  bmp.writeUInt32LE(rgba.length, 34)
  bmp.set(rgba, BMP_HEAD_BYTES)
  for (let at = BMP_HEAD_BYTES; at < bmp.length; at += 4) {
    const red = bmp[at] ?? 0
    bmp[at] = bmp[at + 2] ?? 0
    bmp[at + 2] = red
  }
  return bmp
}

/** What PDFium's own words come to. */
function troubleOf(error: unknown): PdfTrouble {
  if (starved) return 'too_much_memory'
  return error instanceof Error && /password|security/i.test(error.message) ? 'encrypted' : 'broken'
}

// Our answer is all that may stand on standard output.
console.log = () => undefined
// The one who starts this program says what it may.
const order = JSON.parse(process.argv[2] ?? '') as PdfOrder
new Worker(new URL('./deadline.ts', import.meta.url).href).postMessage(order.lifeMsMax)
const answer = await read(await Bun.stdin.bytes(), order).catch((error: unknown): PdfAnswer => ({ trouble: troubleOf(error) }))
await Bun.write(Bun.stdout, JSON.stringify(answer))
process.exit(0)
