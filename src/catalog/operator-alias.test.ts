import { describe, expect, test } from 'bun:test'
import type { Alias } from './alias.ts'
import { parseOperatorFile } from './operator.ts'
import { sayOperatorError } from './operator-file.ts'

const KNOWN = ['a/x', 'b/y', 'c/z']
const models = { has: (id: string) => KNOWN.includes(id), isId: (id: string) => KNOWN.includes(id), nearest: () => ['a/x'] }
const read = (yaml: string) => parseOperatorFile(`aliases:\n${yaml}`, { file: 'f', env: {}, isBuiltIn: () => false, models })

function alias(yaml: string): Alias | undefined {
  const result = read(`  Fast: ${yaml}`)
  if (!result.ok) throw new Error(result.errors.map(sayOperatorError).join('\n'))
  return result.file.aliases.get('fast')
}

const wrong = (yaml: string): string[] => {
  const result = read(yaml)
  return result.ok ? [] : result.errors.map(sayOperatorError)
}

describe('an alias', () => {
  test('is one model', () => {
    expect(alias('a/x')).toEqual({ name: 'fast', arms: [{ id: 'a/x', percent: 100 }], fallbacks: [], hidden: false })
    expect(alias('{ to: A/X, hidden: true }')).toMatchObject({ arms: [{ id: 'a/x', percent: 100 }], hidden: true })
  })

  test('is shares of several', () => {
    expect(alias('90% a/x, 10% b/y')?.arms).toEqual([{ id: 'a/x', percent: 90 }, { id: 'b/y', percent: 10 }])
    expect(alias('33.33% a/x,33.33 % b/y ,  33.34%c/z')?.arms.map(({ percent }) => percent)).toEqual([33.33, 33.33, 33.34])
    expect(alias('100% a/x, 0% b/y')?.arms[1]).toEqual({ id: 'b/y', percent: 0 })
  })

  test('has fallbacks and a mirror', () => {
    expect(alias('{ to: "90% a/x, 10% b/y", mirror: { to: c/z, share: 5% }, fallbacks: [c/z] }')).toEqual({
      name: 'fast', arms: [{ id: 'a/x', percent: 90 }, { id: 'b/y', percent: 10 }], fallbacks: ['c/z'], mirror: { id: 'c/z', percent: 5 }, hidden: false,
    })
  })
})

describe('what is wrong is told with its line', () => {
  test('shares that do not come to 100', () => {
    expect(wrong('  fast: a/x\n  slow: 90% a/x, 20% b/y')).toEqual(['f:3:9: aliases.slow: the shares come to 110%; they must come to 100%'])
    expect(wrong('  slow: 0.1% a/x, 0.2% b/y')).toEqual(['f:2:9: aliases.slow: the shares come to 0.3%; they must come to 100%'])
  })

  test('what is no share', () => {
    for (const piece of ['b/y', '10 b/y', '-5% b/y', '101% b/y', '1.001% b/y', '10%', '% b/y']) {
      expect([piece, wrong(`  fast: 90% a/x, ${piece}`)[0]]).toEqual([piece, `f:2:9: aliases.fast: "${piece}" is no share: write a percentage and a model, as in "90% a/x, 10% b/y" (at most two decimals)`])
    }
  })

  test('models that are not there, and one that is named twice', () => {
    expect(wrong('  fast: 90% a/x, 10% b/q')).toEqual(['f:2:9: aliases.fast: there is no model b/q: did you mean a/x?; a new one is said under providers.<name>.models'])
    expect(wrong('  fast: 90% a/x, 10% A/X')).toEqual(['f:2:9: aliases.fast: names a/x twice: give it one share'])
    expect(wrong('  fast: { to: a/x, fallbacks: [b/q] }')[0]).toStartWith('f:2:32: aliases.fast.fallbacks[0]: there is no model b/q')
    expect(wrong('  fast: { to: a/x, mirror: { to: b/q, share: 5% } }')[0]).toStartWith('f:2:34: aliases.fast.mirror.to: there is no model b/q')
  })

  test('maps that lack something or have too much', () => {
    expect(wrong('  fast: { mirror: { to: a/x, share: 5% } }')).toEqual(['f:2:9: aliases.fast: needs `to`: a model, or shares of several ("90% a/x, 10% b/y")'])
    expect(wrong('  fast: { to: a/x, mirror: { to: b/y } }')[0]).toContain('needs `to`, a model, and `share`')
    expect(wrong('  fast: { to: a/x, mirror: { to: b/y, share: 5 } }')[0]).toContain('must be a percentage')
    expect(wrong('  fast: { to: a/x, fallback: [b/y] }')[0]).toContain('unknown key: did you mean fallbacks?')
    expect(wrong('  a/x: 90% a/x, 10% b/y')[0]).toContain('is the id of a model already')
  })
})
