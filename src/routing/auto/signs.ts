/**
 * Signs of difficulty that can be read off a prompt's surface: how long it is, how its numbers look, which small words it
 * uses. Topics are not among them on purpose: what a table learns of one subject's vocabulary misleads it in the next
 * (measured in docs/auto-router.md).
 */
export const SIGNS = [
  'length', 'sentences', 'wordsPerSentence', 'vocabulary', 'numbers', 'numberDensity', 'longNumbers', 'decimals', 'percents', 'currency', 'fractions',
  'formula', 'superlatives', 'quantities', 'comparisons', 'romanNumerals', 'persons', 'negations', 'what', 'quotes', 'conditions', 'durations',
  'choicesNumeric', 'choiceLength',
] as const
export type Sign = (typeof SIGNS)[number]

/** Signs that only a prompt with listed alternatives has. In any other they are unknown, and count as average. */
export const CHOICE_SIGNS: ReadonlySet<Sign> = new Set<Sign>(['choicesNumeric', 'choiceLength'])

/** The signs of one prompt; a sign that it cannot have is NaN. */
export type Signs = Readonly<Record<Sign, number>>

const WORD_SIGNS = {
  superlatives: 'best most least greatest highest lowest largest primary likely',
  quantities: 'each every per twice half times double triple thrice third quarter remaining left rest total altogether sum average',
  comparisons: 'more less fewer than',
  romanNumerals: 'ii iii iv',
  persons: 'he she his her him they their my i you we',
  negations: 'not no never none neither nor without cannot except',
  conditions: 'if when suppose assume given unless',
  durations: 'hour hours minute minutes day days week weeks month months year years second seconds',
  what: 'what',
  percents: 'percent',
} as const satisfies Partial<Record<Sign, string>>

const SIGN_OF_WORD = new Map(Object.entries(WORD_SIGNS).flatMap(([sign, words]) => words.split(' ').map((word) => [word, sign] as const)))

const TOKEN = /\p{L}+|\d+(?:[.,]\d+)*/gu
const CHOICE = /^\s*\(?(?:[A-Ja-j]|\d{1,2})[).:]\s+(.*)$/
/** What an examination puts below its question. A real prompt has none, so nothing may be learned from it. */
const ANSWER_TAIL = 'Answer:'
const BARE_NUMBER = /^[-−$]?[\d.,/]+/
const DIGITS_3 = /\d{3}/
const FORMULA = new Set('=^√∫×÷±≤≥<>+*\\|−')

interface Split { readonly text: string; readonly choices: readonly string[] }

/** The text without the marks of a list of alternatives (`A.`, `(b)`, `3)`), and the alternatives. */
function splitChoices(text: string): Split {
  const trimmed = text.trimEnd()
  const bare = trimmed.endsWith(ANSWER_TAIL) ? trimmed.slice(0, -ANSWER_TAIL.length).trimEnd() : text
  if (!bare.includes('\n')) return { text: bare, choices: [] }
  const choices: string[] = []
  const lines = bare.split('\n').map((line) => {
    const choice = CHOICE.exec(line)?.[1]
    if (choice === undefined) return line
    choices.push(choice)
    return choice
  })
  return choices.length < 2 ? { text: bare, choices: [] } : { text: lines.join('\n'), choices }
}

/** Reads the signs of a prompt. `cutChars`: how much longer the whole prompt is than the part that is given. */
export function signsOf(prompt: string, cutChars = 0): Signs {
  const { text, choices } = splitChoices(prompt)
  const counts: Record<keyof typeof WORD_SIGNS, number> = { superlatives: 0, quantities: 0, comparisons: 0, romanNumerals: 0, persons: 0, negations: 0, conditions: 0, durations: 0, what: 0, percents: 0 }
  const seen = new Set<string>()
  const numbers = new Set<string>()
  let words = 0
  let figures = 0
  let longNumbers = 0
  for (const [token] of text.toLowerCase().matchAll(TOKEN)) {
    const first = token.charCodeAt(0)
    if (first >= 48 && first <= 57) {
      figures++
      numbers.add(token)
      if (DIGITS_3.test(token)) longNumbers++
      continue
    }
    words++
    seen.add(token)
    const sign = SIGN_OF_WORD.get(token)
    // The map was made from the keys of WORD_SIGNS.
    if (sign !== undefined) counts[sign as keyof typeof WORD_SIGNS]++
  }
  const marks = marksOf(text)
  const wordCount = Math.max(1, words)
  return {
    length: Math.log1p(text.length + cutChars), sentences: Math.log1p(marks.sentences), wordsPerSentence: Math.log1p(wordCount / marks.sentences),
    vocabulary: seen.size / Math.sqrt(wordCount), numbers: Math.log1p(numbers.size), numberDensity: figures / wordCount, longNumbers: Math.log1p(longNumbers),
    decimals: Math.log1p(marks.decimals), percents: Math.log1p(counts.percents + marks.percents), currency: Math.log1p(marks.currency), fractions: Math.log1p(marks.fractions),
    formula: Math.log1p(marks.formula), superlatives: Math.log1p(counts.superlatives), quantities: Math.log1p(counts.quantities), comparisons: Math.log1p(counts.comparisons),
    romanNumerals: Math.log1p(counts.romanNumerals), persons: Math.log1p(counts.persons), negations: Math.log1p(counts.negations), what: Math.min(1, counts.what),
    quotes: Math.log1p(marks.quotes), conditions: Math.log1p(counts.conditions), durations: Math.log1p(counts.durations),
    choicesNumeric: choices.length === 0 ? Number.NaN : choices.filter((choice) => BARE_NUMBER.test(choice)).length / choices.length,
    choiceLength: choices.length === 0 ? Number.NaN : Math.log1p(choices.reduce((sum, choice) => sum + choice.length, 0) / choices.length),
  }
}

interface Marks { sentences: number; decimals: number; percents: number; currency: number; fractions: number; formula: number; quotes: number }

/** Counts punctuation in one pass over the characters. */
function marksOf(text: string): Marks {
  const marks: Marks = { sentences: 0, decimals: 0, percents: 0, currency: 0, fractions: 0, formula: 0, quotes: 0 }
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    // Letters are most of a text, and no mark.
    if (code >= 97 && code <= 122 || code === 32) continue
    const char = text.charAt(at)
    if (char === '.' || char === '?' || char === '!') {
      if (isDigit(text, at - 1) && isDigit(text, at + 1)) marks.decimals++
      if (at + 1 === text.length || text.charAt(at + 1) === ' ' || text.charAt(at + 1) === '\n') marks.sentences++
    } else if (char === '%') marks.percents++
    else if (char === '/') marks.fractions += isDigit(text, at - 1) && isDigit(text, at + 1) ? 1 : 0
    else if (char === '$' || char === '€' || char === '£') marks.currency += isDigit(text, at + 1) ? 1 : 0
    else if (char === '"' || char === '“' || char === '”') marks.quotes++
    else if (FORMULA.has(char)) marks.formula++
  }
  marks.sentences = Math.max(1, marks.sentences)
  return marks
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}
