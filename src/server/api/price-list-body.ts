import { z } from 'zod'
import { percentNumber, readPercent } from '../../catalog/markup.ts'
import { LISTED, priceListJson, readPriceList, type Listed, type PriceList } from '../../catalog/price-list.ts'
import { priceFromUsdPerMillion, slipOfUnit } from '../../catalog/price.ts'

/** The names of a list's amounts as the operator's file has them. */
const NAMES: Readonly<Record<Listed, string>> = { prompt: 'input', completion: 'output', cacheRead: 'cache_read', cacheWrite: 'cache_write', reasoning: 'reasoning', request: 'request' }

const PERCENT = { error: 'must be a percentage of at least -100 with at most two decimals, as 30 or "12.5", or null' }
const percent = z.union([z.string(PERCENT), z.number(PERCENT)], PERCENT).transform(String).refine((text) => readPercent(text) !== undefined, PERCENT).transform((text) => readPercent(text) ?? 0).nullable()
const PRICE = { error: 'must be a price of at least 0 with at most nine decimals, as "0.5": USD per million tokens, or for each request' }
const price = z.union([z.string(PRICE), z.number(PRICE)], PRICE).transform(String).refine((text) => priceFromUsdPerMillion(text) !== undefined, PRICE)
/** Of a million tokens: one that nobody can mean is refused, before anybody is charged by it. */
const perMillion = price.superRefine((text, context) => {
  const slip = slipOfUnit(priceFromUsdPerMillion(text) ?? 0n)
  if (slip !== undefined) context.addIssue({ code: 'custom', message: slip })
})
const MODEL = { error: 'must be an object with `input` and `output`, and perhaps `cache_read`, `cache_write`, `reasoning`, `request`' }
const model = z.strictObject({ input: perMillion, output: perMillion, cache_read: perMillion.optional(), cache_write: perMillion.optional(), reasoning: perMillion.optional(), request: price.optional() }, MODEL)
const MODELS = { error: 'must be an object of prices by the ids of models, as `openai/gpt-5-mini`, or of all of a maker, as `openai/*`' }
const models = z.record(z.string(MODELS).regex(/^[^\s/]+\/\S+$/, MODELS), model, MODELS)

/** What a body may say of prices. */
export const PRICE_FIELDS = { markup_percent: percent.optional(), models: models.optional() } as const

/** The prices with what a body says of them; what it leaves out stays, models are replaced whole. */
export function changedPrices(before: PriceList, body: z.output<z.ZodObject<typeof PRICE_FIELDS>>): PriceList {
  const said = body.models && Object.fromEntries(Object.entries(body.models).map(([id, amounts]) => [id, Object.fromEntries(LISTED.flatMap((name) => { const amount = Object.entries(amounts).find(([key]) => key === NAMES[name])?.[1]; return amount === undefined ? [] : [[name, amount]] }))]))
  const { markupBasisPoints, models: was } = priceListJson(before)
  return readPriceList({ markupBasisPoints: body.markup_percent === undefined ? markupBasisPoints : body.markup_percent, models: said ?? was })
}

/** Prices as they are said. */
export function priceRow(prices: PriceList): object {
  const { markupBasisPoints, models: listed } = priceListJson(prices)
  return {
    markup_percent: markupBasisPoints === null ? null : percentNumber(markupBasisPoints),
    models: Object.fromEntries(Object.entries(listed).map(([id, amounts]) => [id, Object.fromEntries(LISTED.flatMap((name) => (amounts[name] === undefined ? [] : [[NAMES[name], amounts[name]]])))])),
  }
}
