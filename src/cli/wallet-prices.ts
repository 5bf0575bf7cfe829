import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { percentNumber, readPercent } from '../catalog/markup.ts'
import type { PriceList } from '../catalog/price-list.ts'
import { Fault } from '../core/fault.ts'
import { checked } from '../server/api/body.ts'
import { changedPrices, PRICE_FIELDS } from '../server/api/price-list-body.ts'
import { usageError, type Flag, type Invocation } from './command.ts'

/** The flags of what customers pay. */
export const PRICE_FLAGS: Readonly<Record<string, Flag>> = {
  markup: { value: '<percent>', what: 'over what calls cost you on shared capacity; --markup=-10: a discount; none takes it back' },
  prices: { value: '<file>', what: 'JSON: {"openai/*": {"input": "1.25", "output": "10"}}, USD per million tokens, by model or maker' },
}

const NONE = 'none'
const SAID = z.strictObject(PRICE_FIELDS)

/** The prices with what the flags say; undefined: they say nothing. Throws a usage error. */
export function readPrices({ text }: Invocation, before: PriceList): PriceList | undefined {
  const [markup, path] = [text('markup'), text('prices')]
  if (markup === undefined && path === undefined) return undefined
  if (markup !== undefined && markup !== NONE && readPercent(markup) === undefined) throw usageError('--markup must be a percentage of at least -100 with at most two decimals, as 30 or 12.5, or none')
  return changedPrices(before, read({ ...(markup !== undefined && { markup_percent: markup === NONE ? null : markup }), ...(path !== undefined && { models: readJson(path) }) }))
}

function read(said: object): z.output<typeof SAID> {
  try {
    return checked(said, SAID)
  } catch (error) {
    throw error instanceof Fault ? usageError(`--prices: ${error.message}`) : error
  }
}

/** What it is over the reseller's price, and for how many models there are prices of their own. */
export function sayPrices({ markupBasisPoints, models }: PriceList): string {
  const count = Object.keys(models).length
  return [...(markupBasisPoints === null ? [] : [`${percentNumber(markupBasisPoints)} %`]), ...(count === 0 ? [] : [`${count} ${count === 1 ? 'price' : 'prices'}`])].join(', ')
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw usageError(`--prices: ${path} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
