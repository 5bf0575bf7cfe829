import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Message } from '../../core/call.ts'
import { classify } from './classify.ts'
import { calibrated, difficultyAbove, scoreOf, type Weights } from './difficulty.ts'
import table from './difficulty-table.json'
import { SIGNS, signsOf } from './signs.ts'
import examples from './task-examples.json'
import { TASK_RULES, TASK_TYPES } from './task-rules.ts'
import { taskTypeOf } from './task-type.ts'

const ask = (content: string): ReturnType<typeof classify> => classify([{ role: 'user', content }])
const difficultyOf = (content: string): number => ask(content).difficulty ?? Number.NaN

describe('C45: task types', () => {
  test('every type has a rule and examples, and every rule says a type or a context', () => {
    const said = new Set<string>(TASK_RULES.map((rule) => rule.says))
    expect(TASK_TYPES.filter((type) => !said.has(type))).toEqual([])
    expect([...said].filter((one) => !(TASK_TYPES as readonly string[]).includes(one)).toSorted()).toEqual(['code', 'numbers', 'text'])
    expect(Object.keys(examples.seen).toSorted()).toEqual([...TASK_TYPES].toSorted())
    expect(Object.keys(examples.heldOut).toSorted()).toEqual([...TASK_TYPES].toSorted())
  })

  test('a phrase of the rules can be heard: at most three words, of letters, digits and %', () => {
    const deaf = TASK_RULES.flatMap((rule) => rule.terms.split(/\s*,\s*/)).filter((term) => !/^<[a-z]+>$/.test(term) && !/^\^?(?:[\p{L}\p{M}\p{N}]+|%)(?: (?:[\p{L}\p{M}\p{N}]+|%)){0,2}$/u.test(term))
    expect(deaf).toEqual([])
  })

  // docs/auto-router.md states both shares. The second is the honest one: those were written after the rules.
  test('97 % of the examples that the rules were made with, 76 % of those written afterwards', () => {
    expect(rightShare(examples.seen)).toBeGreaterThanOrEqual(0.97)
    expect(rightShare(examples.heldOut)).toBeGreaterThanOrEqual(0.76)
  })

  test('what stands in a code fence is not read as words', () => {
    expect(ask('Explain what this does:\n```python\n# translate this poem, my order has not arrived\nx = 1\n```').taskType).toBe('code:explanation')
  })

  test('an unknown language or nonsense has no type, and still a difficulty', () => {
    for (const text of ['Jak se dneska vede tvojí babičce', 'xqzt vbnm plok', '🦊🦊🦊🦊']) {
      expect(ask(text).taskType).toBeUndefined()
      expect(ask(text).difficulty).toBeGreaterThan(0)
    }
  })

  test('other languages are known by their commonest words', () => {
    expect(ask('Übersetze den folgenden Satz ins Englische: Das Wetter ist schön.').taskType).toBe('translation')
    expect(ask('Fasse den Brief zusammen').taskType).toBe('summarization')
    expect(ask('Hola').taskType).toBe('conversation')
  })
})

function rightShare(groups: Readonly<Record<string, readonly string[]>>): number {
  const all = Object.entries(groups).flatMap(([type, prompts]) => prompts.map((prompt) => taskTypeOf(prompt).taskType === type))
  return all.filter(Boolean).length / all.length
}

describe('difficulty', () => {
  test('a problem of several steps is harder than one of one step, and that harder than a sum', () => {
    const steps = difficultyOf('Maria has twice as many apples as John, and John has 3 more than half of what Ann has. Ann sold a quarter of her apples and has 18 left. If each bag holds 4 apples, how many more bags does Maria need than Ann?')
    const step = difficultyOf('John has 3 apples and buys 4 more. How many apples has he?')
    const sum = difficultyOf('2.5 + 3.75')
    expect(steps).toBeGreaterThan(step)
    expect(step).toBeGreaterThan(sum)
  })

  test('the form of an examination does not count', () => {
    const letters = 'Which gas do plants take in?\nA. Oxygen\nB. Carbon dioxide\nC. Helium\nD. Argon'
    const digits = letters.replace(/^([A-D])\./gm, (_, letter: string) => `${'ABCD'.indexOf(letter) + 1})`)
    expect(difficultyOf(`${letters}\nAnswer:`)).toBe(difficultyOf(letters))
    expect(difficultyOf(digits)).toBe(difficultyOf(letters))
  })

  test('difficultyAbove falls as the share grows, and stays among the difficulties seen', () => {
    const cuts = Array.from({ length: 101 }, (_, at) => difficultyAbove(at / 100))
    expect(cuts).toEqual(cuts.toSorted((a, b) => b - a))
    expect(difficultyAbove(-1)).toBe(difficultyAbove(0))
    expect(difficultyAbove(2)).toBe(difficultyAbove(1))
    expect(cuts[0]).toBeLessThan(1)
    expect(cuts[100]).toBeGreaterThan(0)
  })

  test('the table weighs every sign and no other, and its curve grows', () => {
    expect(Object.keys(table.weights)).toEqual([...SIGNS])
    expect(table.calibration.slope).toBeGreaterThan(0)
    expect(calibrated(1, table.calibration)).toBeGreaterThan(calibrated(0, table.calibration))
  })

  test('a sign that a prompt cannot have changes nothing', () => {
    const signs = signsOf('No alternatives here.')
    expect(signs.choicesNumeric).toBeNaN()
    const weights: Weights = table.weights
    expect(scoreOf(signs, { ...weights, choicesNumeric: { ...weights.choicesNumeric, weight: 99 } })).toBe(scoreOf(signs, weights))
  })

  test('signs are counted as their names say', () => {
    const signs = signsOf('He paid $4.50 for 1/2 of 300 apples, which is 10% more than she. Why? "x = 2"')
    const count = (value: number): number => Math.round(Math.expm1(value))
    expect({ decimals: count(signs.decimals), fractions: count(signs.fractions), currency: count(signs.currency), percents: count(signs.percents), longNumbers: count(signs.longNumbers), persons: count(signs.persons), comparisons: count(signs.comparisons), quotes: count(signs.quotes), formula: count(signs.formula) })
      .toEqual({ decimals: 1, fractions: 1, currency: 1, percents: 1, longNumbers: 1, persons: 2, comparisons: 2, quotes: 2, formula: 1 })
  })
})

describe('classify', () => {
  test('the last user message decides; a word or two lean on the first', () => {
    const history: Message[] = [{ role: 'system', content: 'You translate.' }, { role: 'user', content: 'Write a poem about the sea.' }, { role: 'assistant', content: 'The sea, the sea.' }]
    expect(classify([...history, { role: 'user', content: 'Now solve 3x + 7 = 22 for x, with every step of the way.' }]).taskType).toBe('math')
    expect(classify([...history, { role: 'user', content: 'shorter, please' }]).taskType).toBe('writing:creative')
  })

  test('parts of a message are one text; what is no text is passed over', () => {
    const content = [{ type: 'text', text: 'Summarize this article' }, { type: 'image_url', image_url: { url: 'data:,' } }, { type: 'text', text: 'in three bullet points.' }]
    expect(classify([{ role: 'user', content }])).toEqual(classify([{ role: 'user', content: 'Summarize this article\nin three bullet points.' }]))
  })

  test('without text there is nothing to say, and no failure', () => {
    const nothing = { taskType: undefined, difficulty: undefined, reasons: ['no text from the user'] }
    expect(classify([])).toEqual(nothing)
    expect(classify([{ role: 'user', content: ' \n' }])).toEqual(nothing)
    expect(classify([{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }])).toEqual(nothing)
    expect(classify([{ role: 'assistant', content: 'hi' }])).toEqual(nothing)
  })

  test('of a megabyte, the beginning and the end are read', () => {
    const filler = 'lorem ipsum dolor sit amet '.repeat(40_000)
    expect(ask(`Translate into German: ${filler}`).taskType).toBe('translation')
    expect(ask(`${filler}\n\nSummarize this in three sentences, with the key takeaways.`).taskType).toBe('summarization')
    expect(ask(`a ${filler}`)).toEqual(ask(`a ${filler.slice(0, -27)}lorem ipsum dolor sit amet `))
  })

  test('reasons hold no word of the prompt but those of the rules', () => {
    const { reasons } = ask('Write an email to Xaver Quastenflosser about the secret zeppelin.')
    expect(reasons.length).toBeGreaterThan(0)
    expect(reasons.join(' ')).not.toMatch(/Xaver|Quastenflosser|zeppelin/i)
  })

  test('any text at all: never a throw, always the same, always within bounds', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme', maxLength: 300 }), fc.constantFrom('\ud800', '`'.repeat(5000), '1 '.repeat(4000), '\n'.repeat(6000), 'A. '.repeat(3000))), (text) => {
      const once = ask(text)
      expect(ask(text)).toEqual(once)
      if (once.difficulty !== undefined) {
        expect(once.difficulty).toBeGreaterThan(0)
        expect(once.difficulty).toBeLessThan(1)
      }
    }))
  })
})
