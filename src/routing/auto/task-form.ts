/** Of a prompt's words this many are looked up. */
const WORDS_MAX = 320

const WORD = /[\p{L}\p{M}\p{N}]+|%/gu
const FENCE = /```[\s\S]*?(?:```|$)/g
const TRACE = /Traceback \(most recent|\bat [\w.$]+\([\w.]+:\d+|goroutine \d+ \[|^\s*File "[^"]+", line \d+|\b\w+(?:Error|Exception): |\bpanic: |npm ERR!|error\[E\d+\]/m
const SQL = /\bselect\s+[\w*.,\s]{1,80}\sfrom\s|\binsert\s+into\s+\w|\bcreate\s+table\s/i
const EQUATION = /\d\s*[a-z]?\s*[-+*/^×÷]\s*\d*[a-z]?[^\n]{0,12}=|\b[xyn]\s*(?:\^|=|\*\*|²|³)|\\(?:frac|int|sum|sqrt)|∫|√|\d\s*%\s*of\b/i
const LANGUAGE = /\b(?:c#|c\+\+|f#|objective-c|\.net\b)/i
const SYMBOLS = /[;{}]\s*\n|=>|\)\s*\{|<\/\w+>|\w+\(\);|#include|\bdef \w+\(|\bimport \w+ from\b/

/** What a prompt says and how it is formed: words, phrases of two and three words, and `<signs>` of form. */
export interface TaskForm { readonly words: readonly string[]; readonly signs: readonly string[] }

/** Reads a bounded prompt for the rules. What stands in a code fence is code, not words. */
export function taskForm(text: string): TaskForm {
  const fenced = text.includes('```')
  const prose = fenced ? text.replace(FENCE, ' ') : text
  const words: string[] = []
  for (const [word] of prose.toLowerCase().matchAll(WORD)) if (words.push(word) === WORDS_MAX) break
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
  sign(/\d\s*[-+*×÷^]\s*\d/.test(prose), '<sum>')
  sign(/[?？؟]/.test(prose), '<question>')
  sign(words.length > 0 && words.length <= 3 && !/[?？؟]/.test(prose), '<brief>')
  signs.push('<any>')
  return { words, signs }
}
