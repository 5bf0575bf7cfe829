import { CUSTOM_INPUT, customInput } from './wire.ts'

/** Up to the first letter of the text within `{"input":"…"}`. */
const HEAD = new RegExp(String.raw`^\s*\{\s*"${CUSTOM_INPUT}"\s*:\s*"`)
/** What has not begun like this by then is no such object: it is said when it is whole. */
const HEAD_CHARS_MAX = 64
/** Whole signs of a JSON string. Raw line ends are none of JSON's, but models write them. */
const SIGNS = /(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*/y
const ESCAPES = /\\(?:u([0-9a-fA-F]{4})|([^u]))/g
const SHORT: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', '/': '/' }

/** The text of a custom tool's call, taken piece by piece out of the arguments of the function that stands for it. */
export class CustomInput {
  /** What came and is not said yet: before the text the head, in it a sign that is not whole. */
  private waiting = ''
  private state: 'head' | 'text' | 'over' = 'head'
  private said = ''

  /** What a piece of the arguments adds to the text. */
  add(piece: string): string {
    if (this.state === 'over') return ''
    this.waiting += piece
    if (this.state === 'head' && !this.begin()) return ''
    SIGNS.lastIndex = 0
    const whole = SIGNS.exec(this.waiting)?.[0] ?? ''
    let text = whole.replace(ESCAPES, (_, hex: string | undefined, sign: string) => (hex === undefined ? (SHORT[sign] ?? `\\${sign}`) : String.fromCharCode(Number.parseInt(hex, 16))))
    this.waiting = this.waiting.slice(whole.length)
    if (this.waiting.startsWith('"')) this.state = 'over'
    else if (/[\uD800-\uDBFF]$/.test(text)) {
      // Half of a sign waits for the other.
      this.waiting = `\\u${text.charCodeAt(text.length - 1).toString(16)}${this.waiting}`
      text = text.slice(0, -1)
    }
    this.said += text
    return text
  }

  /** The whole text, and what of it was not said yet. What was said stands, however the arguments end. */
  end(args: string): { readonly input: string; readonly rest: string } {
    const input = customInput(args)
    return input.startsWith(this.said) ? { input, rest: input.slice(this.said.length) } : { input: this.said, rest: '' }
  }

  private begin(): boolean {
    const head = HEAD.exec(this.waiting)?.[0]
    if (head === undefined) {
      if (this.waiting.length > HEAD_CHARS_MAX) this.state = 'over'
      return false
    }
    this.state = 'text'
    this.waiting = this.waiting.slice(head.length)
    return true
  }
}
