import { glyphName, plainLetter, widthOf, winAnsiCode } from './pdf-letters.ts'

interface Style { readonly size: number; readonly bold?: boolean }

const WIDTH = 595
const HEIGHT = 842
/** `?`, for what the fonts have no letter for. */
const UNKNOWN = 0x3f

/**
 * A PDF of one A4 page with text and lines, in the fonts that every reader has (ISO 32000-1 §9.6.2.2): those of Latin scripts. Libraries that write
 * PDFs weigh 26 MB here, for a page of twenty lines.
 */
export class PdfPage {
  private readonly marks: string[] = []
  /** Letters beyond WinAnsi, each with the code that it has in this file: those of control characters, which no text has. */
  private readonly more = new Map<string, number>()

  constructor(private readonly title: string) {}

  text(x: number, y: number, text: string, { size, bold = false }: Style): void {
    this.marks.push(`BT /${bold ? 'B' : 'R'} ${size} Tf ${x} ${y} Td <${this.hex(text)}> Tj ET`)
  }

  /** So that it ends at `x`: plain words, or digits. */
  textRight(x: number, y: number, text: string, style: Style): void {
    this.text(Number((x - widthOf(text) * style.size / 1_000).toFixed(2)), y, text, style)
  }

  line(fromX: number, toX: number, y: number): void {
    this.marks.push(`0.5 w ${fromX} ${y} m ${toX} ${y} l S`)
  }

  private hex(text: string): string {
    return [...text.normalize('NFC')].map((letter) => this.codeOf(letter).toString(16).padStart(2, '0')).join('')
  }

  private codeOf(letter: string): number {
    const known = winAnsiCode(letter) ?? this.more.get(letter)
    if (known !== undefined) return known
    if (glyphName(letter) === undefined) return winAnsiCode(plainLetter(letter)) ?? UNKNOWN
    const code = this.more.size + 1
    this.more.set(letter, code)
    return code
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const content = this.marks.join('\n')
    const differences = [...this.more].map(([letter, code]) => `${code} /${glyphName(letter) ?? ''}`).join(' ')
    const font = (name: string) => `<< /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding << /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [${differences}] >> >>`
    return assemble([
      '<< /Type /Catalog /Pages 2 0 R >>',
      '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${WIDTH} ${HEIGHT}] /Resources << /Font << /R 4 0 R /B 5 0 R >> >> /Contents 6 0 R >>`,
      font('Helvetica'), font('Helvetica-Bold'),
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
      `<< /Title (${this.title.replace(/[^\w .-]/g, '')}) >>`,
    ])
  }
}

/** Objects, and the table of where each begins. All of it is ASCII: a character is a byte. */
function assemble(objects: readonly string[]): Uint8Array<ArrayBuffer> {
  let file = '%PDF-1.4\n'
  const offsets = objects.map((object, at) => {
    const offset = file.length
    file += `${at + 1} 0 obj\n${object}\nendobj\n`
    return offset
  })
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  const count = objects.length + 1
  return new TextEncoder().encode(`${file}xref\n0 ${count}\n0000000000 65535 f \n${table}trailer\n<< /Size ${count} /Root 1 0 R /Info ${objects.length} 0 R >>\nstartxref\n${file.length}\n%%EOF\n`)
}
