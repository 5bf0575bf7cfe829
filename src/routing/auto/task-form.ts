/** Of a long prompt's words, the first and the last are looked up: what is wanted stands before or after what it is about. */
const FIRST_WORDS_MAX = 160
const LAST_WORDS_MAX = 80

const WORD = /[\p{L}\p{M}\p{N}]+|%/gu
const FENCE = /```[\s\S]*?(?:```|$)/g
// Every repetition of blanks is bounded: a prompt of nothing but blanks must cost no more than another.
const TRACE = /Traceback \(most recent|\bat [\w.$]+\([\w.]+:\d+|goroutine \d+ \[|^[ \t]{0,40}File "[^"]+", line \d+|\b\w+(?:Error|Exception): |\bpanic: |npm ERR!|error\[E\d+\]/m
const SQL = /\bselect\s{1,8}[\w*.,\s]{1,80}\sfrom\s|\binsert\s+into\s+\w|\bcreate\s+table\s/i
const EQUATION = /\d\s{0,3}[a-z]?\s{0,3}[-+*/^×÷]\s{0,3}\d{0,9}[a-z]?[^\n]{0,12}=|\b[xyn]\s{0,3}(?:\^|=|\*\*|²|³)|\\(?:frac|int|sum|sqrt)|∫|√|\d\s{0,3}%\s{0,3}of\b/i
const LANGUAGE = /\b(?:c#|c\+\+|f#|objective-c|\.net\b)/i
const SYMBOLS = /[;{}][ \t]{0,8}\n|=>|\)\s{0,8}\{|<\/\w+>|\w+\(\);|#include|\bdef \w+\(|\bimport \w+ from\b/

/** What a prompt says and how it is formed: words, phrases of two and three words, and `<signs>` of form. */
export interface TaskForm { readonly words: readonly string[]; readonly signs: readonly string[] }

/** Reads a bounded prompt for the rules. What stands in a code fence is code, not words. */
export function taskForm(text: string): TaskForm {
  const fenced = text.includes('```')
  const prose = fenced ? text.replace(FENCE, ' ') : text
  const all = prose.toLowerCase().match(WORD) ?? []
  const words = all.length <= FIRST_WORDS_MAX + LAST_WORDS_MAX ? all : [...all.slice(0, FIRST_WORDS_MAX), ...all.slice(-LAST_WORDS_MAX)]
  const signs: string[] = []
  const sign = (is: boolean, name: string): void => { if (is) signs.push(name) }
  sign(fenced, '<fence>')
  sign(/```diff|^[-+]{3} [ab]\//m.test(text), '<diff>')
  sign(/`[^`\n]{2,}`/.test(prose), '<inline>')
  sign(TRACE.test(text), '<trace>')
  sign(SYMBOLS.test(text), '<symbols>')
  sign(SQL.test(text), '<sql>')
  sign(EQUATION.test(prose), '<equation>')
  sign(/\d/.test(prose), '<digits>')
  sign(/^\s*\*[^*\n]{3,}\*/.test(text), '<action>')
  sign(LANGUAGE.test(prose), '<lang>')
  sign(/\d\s{0,3}[-+*×÷^]\s{0,3}\d/.test(prose), '<sum>')
  sign(/[?？؟]/.test(prose), '<question>')
  signs.push('<any>')
  return { words, signs }
}
