/** The one sentence that every plain answer of the demo ends or begins with. */
export const DEMO_NOTE = "This is Switchyard's built-in demo: no real model wrote this."

const SENTENCES = [
  'A switchyard is where wagons are sorted on their way from many tracks to one train.',
  'Each wagon carries a label that says where it wants to go.',
  'The signalman reads the label, looks at the tracks that are open, and sets the points.',
  'When a track is blocked, the next best one is taken before the wagon has moved at all.',
  'Nothing is loaded twice and nothing is lost, because every wagon is written in the book.',
  'The book is closed only when the train has left the yard.',
  'At night the lamps show which tracks are busy and which are free.',
  'A good yard is quiet: wagons roll, points click, and nobody has to shout.',
] as const

const COUNT = /\bcount\b(?:\s+(?:up|slowly|aloud))*(?:\s+from\s+(-?\d{1,6}))?\s+(?:up\s+)?to\s+(\d{1,6})\b/i
const LENGTH = /\b(\d{1,6})\s+(words|tokens)\b/i
const WORDS_DEFAULT = 60
const WORDS_MAX = 50_000
const COUNT_MAX = 100_000
/** As far as a prompt is read for what it asks. */
const PROMPT_CHARS_MAX = 10_000

/** Pieces of a text in the size of tokens: a word or a part of it, with the space before it. Joined they are the text. */
export function pieces(text: string): string[] {
  return text.match(/\s*[^\s]{1,7}|\s+/gu) ?? []
}

/** How many tokens a prompt's text counts for. */
export function promptTokens(text: string): number {
  return Math.ceil(text.length / 4)
}

/** `count to 200` → the numbers from 1 to 200; undefined when the prompt does not ask to count. */
export function countingAnswer(prompt: string): string | undefined {
  const match = COUNT.exec(prompt.slice(0, PROMPT_CHARS_MAX))
  if (!match) return undefined
  const from = match[1] === undefined ? 1 : Number(match[1])
  const to = Math.min(Number(match[2]), from + COUNT_MAX - 1)
  if (to < from) return undefined
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index)).join(' ')
}

/** Filler that says what it is, about as long as the prompt asks (`500 words`). `variant` tells choices apart. */
export function proseAnswer(prompt: string, variant: number): string {
  const asked = LENGTH.exec(prompt.slice(0, PROMPT_CHARS_MAX))
  const words = Math.min(asked ? Number(asked[1]) : WORDS_DEFAULT, WORDS_MAX)
  const opening = prompt === '' ? DEMO_NOTE : `${DEMO_NOTE} You wrote “${excerpt(prompt, 80)}”, so here is some filler.`
  return [opening, ...filler(words - opening.split(' ').length, variant)].join(' ')
}

function filler(words: number, variant: number): string[] {
  const out: string[] = []
  let missing = words
  for (let index = variant; missing > 0; index++) {
    // The list is not empty, so an index modulo its length is in it.
    const sentence = SENTENCES[index % SENTENCES.length] as string
    out.push(sentence)
    missing -= sentence.split(' ').length
  }
  return out
}

/** What the reasoner shows as its thinking: `steps` steps. */
export function reasoningText(prompt: string, steps: number): string {
  const head = `The user wrote “${excerpt(prompt, 60)}”. I am a demo and only act as if I thought.`
  const rest = Array.from({ length: steps }, (_, index) => `Step ${index + 1}: ${SENTENCES[index % SENTENCES.length]}`)
  return [head, ...rest].join('\n')
}

/** The text at exactly this many tokens: cut, or said again from its start. */
export function atLength(text: string, tokens: number): string {
  const all = pieces(text.trim())
  if (all.length === 0) return ''
  const out: string[] = []
  for (let index = 0; index < tokens; index++) {
    // The list is not empty, so an index modulo its length is in it.
    const piece = all[index % all.length] as string
    out.push(index > 0 && index % all.length === 0 ? ` ${piece}` : piece)
  }
  return out.join('')
}

/** The first characters of a text on one line, with an ellipsis when there are more. */
export function excerpt(text: string, charsMax: number): string {
  // Characters of two code units and runs of spaces, so a bound above the count.
  const line = text.slice(0, charsMax * 8).replace(/\s+/g, ' ').trim()
  const characters = Array.from(line)
  return characters.length <= charsMax ? line : `${characters.slice(0, charsMax - 1).join('')}…`
}
