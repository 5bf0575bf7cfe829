/** A page: lines of text, or raw content where it begins with `raw:`. */
export type SmallPage = string

/** A PDF 1.4, written by hand: each page has one line of Helvetica, or what `raw:` says. `more`: entries of the trailer. */
export function smallPdf(pages: readonly SmallPage[], more = ''): Uint8Array {
  const objects: string[] = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Kids[${pages.map((_, at) => `${4 + at * 2} 0 R`).join(' ')}]/Count ${pages.length}>>`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    ...pages.flatMap((page, at) => {
      const content = page.startsWith('raw:') ? page.slice(4) : `BT /F1 24 Tf 72 700 Td (${page}) Tj ET`
      return [
        `<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents ${5 + at * 2} 0 R>>`,
        `<</Length ${content.length}>>stream\n${content}\nendstream`,
      ]
    }),
  ]
  return new TextEncoder().encode(fileOf(objects, more))
}

/** Objects 1, 2, … as a PDF whose catalogue is the first. */
export function fileOf(objects: readonly string[], more = ''): string {
  let text = '%PDF-1.4\n'
  const offsets = objects.map((object, at) => {
    const offset = text.length
    text += `${at + 1} 0 obj${object}endobj\n`
    return offset
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  return `${text}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer<</Size ${objects.length + 1}/Root 1 0 R${more}>>\nstartxref\n${text.length}\n%%EOF\n`
}

/** A page that shows a red box and no text, as a scan does. */
export const SCANNED = 'raw:1 0 0 rg 100 100 200 300 re f'

/** Forms that draw each other ten times, ten deep: a page of ten thousand million boxes. */
export function endlessPdf(): Uint8Array {
  const depth = 10
  const forms = Array.from({ length: depth }, (_, at) => {
    const content = at === depth - 1 ? '0 0 1 1 re f' : Array.from({ length: 10 }, () => '/X Do').join(' ')
    const resources = at === depth - 1 ? '' : `/Resources<</XObject<</X ${6 + at} 0 R>>>>`
    return `<</Type/XObject/Subtype/Form/BBox[0 0 612 792]${resources}/Length ${content.length}>>stream\n${content}\nendstream`
  })
  return new TextEncoder().encode(fileOf([
    '<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</XObject<</X 5 0 R>>>>/Contents 4 0 R>>', '<</Length 5>>stream\n/X Do\nendstream', ...forms,
  ]))
}
