import type { Markup } from './endpoint.ts'
import { readPercent } from './markup.ts'
import { byKey, type Place, type YamlReader } from './yaml-reader.ts'

const WHO = ['account', 'model', 'provider'] as const

/** `markups: [{ percent: "20" }, { account: acme, model: "openai/*", percent: "-10" }]`: what is asked over list price, or less; of whom and for what. */
export function readMarkups(reader: YamlReader, place: Place): readonly Markup[] {
  return reader.list(place).flatMap((entry) => {
    const at = byKey(reader.map(entry, ['percent', ...WHO]))
    const text = at.percent ? reader.string(at.percent) : undefined
    const basisPoints = text === undefined ? undefined : readPercent(text)
    if (!at.percent) reader.wrong(entry, 'has no percent: what is asked over list price, as "20"; less than it, as "-10"')
    else if (text !== undefined && basisPoints === undefined) reader.wrong(at.percent, 'must be a percentage of at least -100 with at most two decimals, as "20" or "-12.5"')
    const who = Object.fromEntries(WHO.flatMap((name) => { const said = at[name] && reader.string(at[name]); return said === undefined ? [] : [[name, name === 'account' ? said : said.toLowerCase()]] }))
    return basisPoints === undefined ? [] : [{ ...who, basisPoints }]
  })
}
