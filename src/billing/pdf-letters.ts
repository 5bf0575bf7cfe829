/** Letters beyond WinAnsi that the fonts of every reader have. Chrome's draw nothing for others, whatever the standard says of Adobe's. */
const NAMES: Readonly<Record<string, string>> = { Ł: 'Lslash', ł: 'lslash', ı: 'dotlessi' }
const PLAIN: Readonly<Record<string, string>> = { Đ: 'D', đ: 'd', Ħ: 'H', ħ: 'h' }

/** What a font calls a letter that WinAnsi has not. */
export function glyphName(letter: string): string | undefined {
  return NAMES[letter]
}

/** The letter without its accent, where it can only be drawn so. */
export function plainLetter(letter: string): string {
  return PLAIN[letter] ?? letter.normalize('NFD').slice(0, 1)
}

/** What stands from 0x80 on in WinAnsi; '\0' for its holes. */
const UPPER = '€\0‚ƒ„…†‡ˆ‰Š‹Œ\0Ž\0\0‘’“”•–—˜™š›œ\0žŸ'

/** The letter's code in WinAnsi: Latin-1, but for thirty-two. undefined where it has none. */
export function winAnsiCode(letter: string): number | undefined {
  const code = letter.codePointAt(0) ?? 0
  if ((code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff)) return code
  const at = code === 0 ? -1 : UPPER.indexOf(letter)
  return at === -1 ? undefined : 0x80 + at
}

/** Widths of Helvetica from the space on, in thousandths of its size (Adobe's font metrics). Digits are as wide in bold. */
const WIDTHS = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
  1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
  333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
]

/** How wide a text of ASCII is. */
export function widthOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + (WIDTHS[(letter.codePointAt(0) ?? 0) - 32] ?? 556), 0)
}
