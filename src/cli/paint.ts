import type { Sink } from './context.ts'

const STYLES = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const
export type Style = keyof typeof STYLES

/** The text in a style where the sink wants colours, as it is elsewhere. */
export function paint(sink: Sink, style: Style, text: string): string {
  if (!sink.color || text === '') return text
  const [on, off] = STYLES[style]
  return `\u001b[${on}m${text}\u001b[${off}m`
}

const ESCAPE = '\u001b'
// Other people's words (models, servers, files) may move the cursor or recolour the terminal: all but tab and newline goes.
const CONTROL = new RegExp(`${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${ESCAPE}\\u0007]*(?:\\u0007|${ESCAPE}\\\\)|.)?|[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]`, 'gsu')

/** Text of others as it may be shown on a terminal: without escape sequences and control characters. */
export function printable(text: string): string {
  return text.replace(CONTROL, '')
}
