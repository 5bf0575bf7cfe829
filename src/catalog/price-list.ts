import { formatUsd, type Nano } from '../core/nano.ts'
import type { Price } from './endpoint.ts'
import { markedUp } from './markup.ts'
import { priceFromUsdPerMillion, shareOf } from './price.ts'

/** All of it, in hundredths of a percent. */
const WHOLE = 10_000

/** Amounts that a list may name, in USD per million tokens; `request` is USD for each. */
export const LISTED = ['prompt', 'completion', 'cacheRead', 'cacheWrite', 'reasoning', 'request'] as const
export type Listed = (typeof LISTED)[number]

/** What a reseller's customers pay: a share over its own price, and prices of its own for some models. */
export interface PriceList {
  /** Hundredths of a percent over what the reseller pays on shared capacity; below zero a discount. null: this list does not say. */
  readonly markupBasisPoints: number | null
  /** By a model's id, or all of a maker's (`openai/*`). */
  readonly models: Readonly<Record<string, Price>>
}

/** As it is kept: amounts as decimals of USD. */
export interface PriceListJson { readonly markupBasisPoints: number | null; readonly models: Readonly<Record<string, Readonly<Partial<Record<Listed, string>>>>> }

export const NO_PRICES: PriceList = Object.freeze({ markupBasisPoints: null, models: Object.freeze({}) })

/**
 * What a call of this model costs by these lists: the first that names the model, or else the first that has a markup. Searches of the web, which no list
 * names, cost what they cost the reseller, with its markup, by either.
 */
export function listedPrice(lists: readonly PriceList[], modelId: string, base: Price): Price {
  const maker = `${modelId.split('/')[0] ?? ''}/*`
  for (const { models } of lists) {
    const price = Object.hasOwn(models, modelId) ? models[modelId] : Object.hasOwn(models, maker) ? models[maker] : undefined
    if (price) return base.webSearch === undefined ? price : { ...price, webSearch: shareOf(base.webSearch, WHOLE + markupOf(lists)) }
  }
  return markedUp(base, markupOf(lists))
}

/** The markup that holds where no list names the model. */
export function markupOf(lists: readonly PriceList[]): number {
  return lists.find(({ markupBasisPoints }) => markupBasisPoints !== null)?.markupBasisPoints ?? 0
}

export function readPriceList({ markupBasisPoints, models }: PriceListJson): PriceList {
  return { markupBasisPoints, models: Object.fromEntries(Object.entries(models).map(([id, said]) => [id, priceOf(said)])) }
}

export function priceListJson({ markupBasisPoints, models }: PriceList): PriceListJson {
  return { markupBasisPoints, models: Object.fromEntries(Object.entries(models).map(([id, price]) => [id, amountsOf(price)])) }
}

function priceOf(said: PriceListJson['models'][string]): Price {
  const amounts = LISTED.flatMap((name) => { const amount = said[name] === undefined ? undefined : priceFromUsdPerMillion(said[name]); return amount === undefined ? [] : [[name, amount] as const] })
  // A model that costs nothing here is priced at nothing: what is not named costs what the prompt or the answer does.
  return Object.freeze({ state: 'priced', prompt: 0n, completion: 0n, ...Object.fromEntries(amounts) })
}

function amountsOf(price: Price): Partial<Record<Listed, string>> {
  return Object.fromEntries(LISTED.flatMap((name) => { const amount: Nano | undefined = price[name]; return amount === undefined ? [] : [[name, formatUsd(amount)]] }))
}
