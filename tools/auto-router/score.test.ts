import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'bun:test'
import { describeShared, hasShared, sharedPath } from '../../test/shared.ts'
import { gainOf, readExamples, signsOfPrompt, withPrompts, type Example } from './examples.ts'
import { fitWeights } from './fit.ts'
import { apgr, leastAboveRandom, orderBy, pgrCurve, promptFolds, SHARES, subjectFolds } from './measures.ts'
import { fitNeighbours } from './neighbours.ts'
import { FORMS, ofSet, unseenScores } from './score.ts'
import { train, writtenTable } from './train.ts'

const example = (weak: boolean, strong: boolean, subject = 's', prompt = 'Why?'): Example => ({ set: 'm', subject, prompt, weak, strong, signs: signsOfPrompt(prompt) })

test('the curve of an oracle, of its opposite, and of scores that are all equal', () => {
  const examples = [example(false, true), example(true, true), example(true, true), example(false, true)]
  expect(pgrCurve(examples, orderBy(examples.map(gainOf)))[10]).toBe(1)
  expect(pgrCurve(examples, orderBy(examples.map((one) => -gainOf(one))))[10]).toBe(0)
  expect(pgrCurve(examples, orderBy([1, 1, 1, 1])).map((value) => Math.round(value * 100))).toEqual(SHARES.map((share) => Math.round(share * 100)))
  expect(apgr(pgrCurve(examples, orderBy([1, 1, 1, 1])))).toBeCloseTo(0.5, 9)
})

test('a prompt that only the cheap model got right takes from the gain', () => {
  const examples = [example(true, false), example(false, true), example(false, true)]
  expect(pgrCurve(examples, orderBy([0, 1, 1]))[14]).toBeGreaterThan(1)
  expect(leastAboveRandom(pgrCurve(examples, orderBy([2, 1, 1]))).above).toBeLessThan(-0.5)
})

test('folds hold every prompt once, and no subject is on both sides', () => {
  const examples = Array.from({ length: 90 }, (_, at) => example(true, true, `subject ${at % 30}`))
  for (const folds of [subjectFolds(examples), promptFolds(examples)]) expect(folds.flat().toSorted((a, b) => a - b)).toEqual(examples.map((_, at) => at))
  for (const fold of subjectFolds(examples)) {
    const inside = new Set(fold.map((at) => examples[at]?.subject))
    expect(examples.filter((one, at) => inside.has(one.subject) && !fold.includes(at))).toEqual([])
  }
})

test('a line of outcomes that is none is named, with what it should be', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'auto-router-')), 'outcomes.jsonl')
  writeFileSync(path, '{"set":"a","subject":"b","prompt":"c","weak":true,"strong":true}\n\n{"set":"a","subject":"b","prompt":"c","weak":1,"strong":true}\n')
  expect(() => readExamples(path)).toThrow(`${path}:3: want {"set": string`)
})

test('the nearest neighbour of a prompt is the one that shares its rare words', () => {
  const words = ['apple tree', 'river bank', 'stone wall']
  const learned = words.flatMap((text, at) => Array.from({ length: 40 }, () => example(at > 0, true, 's', text)))
  const score = fitNeighbours(learned)
  expect(score(example(true, true, 's', 'the apple'))).toBe(1)
  expect(score(example(true, true, 's', 'the river'))).toBe(0)
})

describeShared('routing outcomes', () => {
  // This much is done where its tests are skipped, too.
  const examples = hasShared ? readExamples(sharedPath('routing', 'prompts.jsonl')) : []
  // Fitted once without each subject: what the tests below look at.
  const scores = unseenScores(examples)

  // The figures of docs/auto-router.md, less a hundredth.
  test.each([['mmlu', 0.573], ['gsm8k', 0.579], ['all', 0.586]])('%s: APGR on unseen subjects is at least %p', (set, least) => {
    const part = ofSet(examples, scores, set)
    expect(apgr(pgrCurve(part.examples, orderBy(part.scores)))).toBeGreaterThanOrEqual(least)
  })

  test.each(['mmlu', 'gsm8k', 'all'])('%s: at no share is it worse than random', (set) => {
    const part = ofSet(examples, scores, set)
    expect(leastAboveRandom(pgrCurve(part.examples, orderBy(part.scores))).above).toBeGreaterThanOrEqual(0)
  })

  // Without their alternatives many of these questions cannot be answered at all: a point of slack.
  test.each(Object.keys(FORMS))('asked otherwise (%s) it is not worse than random by more than a point', (form) => {
    const asked = withPrompts(examples, FORMS[form] ?? ((prompt) => prompt))
    for (const set of ['mmlu', 'gsm8k', 'all']) {
      const part = ofSet(examples, unseenScores(examples, asked), set)
      expect(leastAboveRandom(pgrCurve(part.examples, orderBy(part.scores))).above).toBeGreaterThanOrEqual(-0.01)
    }
  })

  test('the table that ships is what training makes of these outcomes', () => {
    const shipped = readFileSync(join(import.meta.dir, '..', '..', 'src', 'routing', 'auto', 'difficulty-table.json'), 'utf8')
    expect(writtenTable(train(examples))).toBe(shipped)
  })

  test('it learns nothing from outcomes that are shuffled', () => {
    const shifted = examples.map((one, at) => ({ ...one, weak: examples[(at * 2741 + 17) % examples.length]?.weak ?? false, strong: examples[(at * 2741 + 17) % examples.length]?.strong ?? false }))
    const weights = fitWeights(shifted)
    const learned = Object.entries(weights).filter(([sign]) => sign !== 'length').map(([, one]) => Math.abs(one.weight))
    expect(Math.max(...learned)).toBeLessThan(0.025)
  })
})
