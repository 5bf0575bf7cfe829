const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that is HTML already. Made by `html` alone. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in a page: pieces of pages, lists of them, and values, which are escaped. */
export type Piece = Html | string | number | null | undefined | false | readonly Piece[]

/** A piece of a page. Every value in it is escaped, for text and for attributes in quotes. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(strings.reduce((text, string, at) => `${text}${textOf(pieces[at - 1])}${string}`))
}

function textOf(piece: Piece): string {
  if (piece instanceof Html) return piece.text
  if (piece === null || piece === undefined || piece === false) return ''
  if (typeof piece === 'object') return piece.map(textOf).join('')
  return String(piece).replace(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '')
}
