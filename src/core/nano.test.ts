import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatUsd, parseUsd, sayUsd, usdNumber } from './nano.ts'

describe('parseUsd', () => {
  const exact: [text: string, nano: bigint][] = [['1', 1_000_000_000n], ['0.10', 100_000_000n], ['0.000000001', 1n], ['-2.5', -2_500_000_000n], ['1e-7', 100n], ['2.5E2', 250_000_000_000n], ['0.1000000000', 100_000_000n], [' 3 ', 3_000_000_000n]]
  for (const [text, nano] of exact) test(`reads ${JSON.stringify(text)}`, () => expect(parseUsd(text)).toBe(nano))

  for (const text of ['', '.', '1.', '.5', '1,5', '$1', 'NaN', 'Infinity', '0x10', '1e999', '0.0000000001', '1 2']) {
    test(`refuses ${JSON.stringify(text)}`, () => expect(parseUsd(text)).toBeUndefined())
  }

  test('reads what formatUsd writes, whatever the amount', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (nano) => parseUsd(formatUsd(nano)) === nano))
  })
})

test('usdNumber is the number that the decimal reads as', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (nano) => usdNumber(nano) === Number(formatUsd(nano))), { numRuns: 2_000 })
})

test('sayUsd has at least two decimals', () => {
  expect([0n, 50_000_000n, 1_500_000_000n, 125_000n, -1_000_000_000n].map(sayUsd)).toEqual(['$0.00', '$0.05', '$1.50', '$0.000125', '-$1.00'])
})
