/**
 * True for texts that a pattern means: `*` stands for anything, all else for itself. Goes from left to right once, so that no
 * pattern can make it slow.
 */
export function glob(pattern: string): (text: string) => boolean {
  if (!pattern.includes('*')) return (text) => text === pattern
  const [first = '', ...rest] = pattern.split(/\*+/)
  const last = rest.pop() ?? ''
  return (text) => {
    if (!text.startsWith(first)) return false
    let at = first.length
    for (const piece of rest) {
      const found = text.indexOf(piece, at)
      if (found === -1) return false
      at = found + piece.length
    }
    return text.length - at >= last.length && text.endsWith(last)
  }
}
