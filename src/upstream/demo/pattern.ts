/** Longest text made for a pattern, and longest pattern that is read. */
const TEXT_CHARS_MAX = 10_000
const PATTERN_CHARS_MAX = 1_000

/** How many more times than it must an open quantifier repeats, at most: to reach a minimum length. */
const REPEATS_MAX = 64

/**
 * A text for a regular expression of the kind that JSON schemas use: literals, classes, groups, alternatives and
 * quantifiers. The pattern is a client's, so it is never run, for it could run for ever. Patterns with look-around or
 * back-references get a guess.
 */
export function matchingText(pattern: string, lengthMin: number, lengthMax: number): string {
  if (pattern.length > PATTERN_CHARS_MAX) return 'demo'
  let text = ''
  for (let repeats = 0; repeats <= REPEATS_MAX; repeats++) {
    const longer = new PatternReader(pattern, repeats).read()
    if (repeats > 0 && longer.length > lengthMax) return text
    text = longer
    if (text.length >= lengthMin) return text
  }
  return text
}

/** Walks a pattern once and writes the simplest text for each of its parts. */
class PatternReader {
  private at = 0

  constructor(private readonly pattern: string, private readonly repeats: number) {}

  read(): string {
    return this.alternatives()
  }

  private alternatives(): string {
    const first = this.sequence()
    while (this.peek() === '|') {
      this.at++
      this.sequence()
    }
    return first
  }

  private sequence(): string {
    let text = ''
    while (this.at < this.pattern.length && this.peek() !== '|' && this.peek() !== ')') {
      const atom = this.atom()
      const room = TEXT_CHARS_MAX - text.length
      text += atom.repeat(Math.min(this.quantifier(), Math.floor(room / Math.max(atom.length, 1))))
    }
    return text
  }

  private atom(): string {
    const character = this.take()
    switch (character) {
      case '^': case '$': return ''
      case '.': return 'x'
      case '(': return this.group()
      case '[': return this.characterClass()
      case '\\': return this.escape()
      default: return character
    }
  }

  private group(): string {
    const prefix = /^\?(?::|=|!|<=|<!|<[^>]+>)/.exec(this.pattern.slice(this.at))?.[0] ?? ''
    this.at += prefix.length
    const text = this.alternatives()
    this.at++
    return /^\?<?[=!]/.test(prefix) ? '' : text
  }

  private characterClass(): string {
    const end = this.classEnd()
    const inside = this.pattern.slice(this.at - 1, end + 1)
    this.at = end + 1
    return memberOf(inside)
  }

  private classEnd(): number {
    let end = this.at
    if (this.pattern[end] === '^') end++
    while (end < this.pattern.length && this.pattern[end] !== ']') end += this.pattern[end] === '\\' ? 2 : 1
    return end
  }

  private escape(): string {
    const character = this.take()
    if (character === 'b' || character === 'B') return ''
    if (character === 'p' || character === 'P') return this.property(character)
    const literal = { d: '1', w: 'a', s: ' ', D: 'a', W: '-', S: 'a', n: '\n', t: '\t', r: '\r' }[character]
    return literal ?? character
  }

  private property(kind: string): string {
    const inside = /^\{[^}]*\}/.exec(this.pattern.slice(this.at))?.[0] ?? ''
    this.at += inside.length
    return memberOf(`\\${kind}${inside}`)
  }

  /** How often the atom before it is written. */
  private quantifier(): number {
    const match = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(this.pattern.slice(this.at))
    if (!match) return 1
    this.at += match[0].length
    const sign = match[0][0]
    if (sign === '?') return 0
    const least = sign === '*' ? 0 : sign === '+' ? 1 : Number(match[1])
    const most = sign === '{' && match[2] === undefined ? least : match[3] ? Number(match[3]) : Number.POSITIVE_INFINITY
    return Math.min(least + this.repeats, most)
  }

  private peek(): string { return this.pattern[this.at] ?? '' }
  private take(): string { return this.pattern[this.at++] ?? '' }
}

/** Characters to try as members of a class, the plainest first. */
const PROBES: readonly string[] = ['a', 'A', '1', '0', '-', '_', ' ', ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)), 'é', 'Ж', '中', '😀']

/** A character of a class like `[a-f]`; one class against one character is all that is ever run of a pattern. */
function memberOf(characterClass: string): string {
  try {
    const member = new RegExp(`^${characterClass}$`, 'u')
    return PROBES.find((probe) => member.test(probe)) ?? ''
  } catch {
    // Not a class of this dialect of regular expressions: the pattern can't be met.
    return ''
  }
}
