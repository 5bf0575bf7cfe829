import type { Endpoint, Markup, Model, Price, Snapshot } from './endpoint.ts'
import { markedUp } from './markup.ts'

/**
 * Views of a snapshot, by account and by the rules that hold for it: most accounts have none of their own, and those whose rules say the same share
 * one, for it is a whole catalogue (1.5 MB, 25 ms).
 */
interface Views { readonly byAccount: Map<string, Snapshot>; readonly byRules: Map<string, Snapshot> }
const views = new WeakMap<Snapshot, Views>()

/**
 * The catalogue at the prices that an account is asked: list prices with the operator's markups and discounts. The snapshot itself where there are none. All that looks at a
 * price looks at these: lists, routing, ceilings, holds and charges; what a provider is paid stays in `markup.list`.
 */
export function pricedFor(snapshot: Snapshot, accountId: string | undefined): Snapshot {
  const { markups } = snapshot
  if (!markups || markups.length === 0) return snapshot
  const name = accountId !== undefined && markups.some(({ account }) => account === accountId) ? accountId : ''
  let known = views.get(snapshot)
  if (!known) views.set(snapshot, known = { byAccount: new Map(), byRules: new Map() })
  let view = known.byAccount.get(name)
  if (!view) known.byAccount.set(name, view = viewBy(markupsOf(markups, name), snapshot, known))
  return view
}

function viewBy(markups: readonly Markup[], snapshot: Snapshot, { byRules }: Views): Snapshot {
  // Whose rule it is counts no more, but that it is somebody's does: it goes before those for all.
  const rules = JSON.stringify(markups.map(({ account, model, provider, basisPoints }) => [account !== undefined, model, provider, basisPoints]))
  let view = byRules.get(rules)
  if (!view) byRules.set(rules, view = priced(snapshot, markups))
  return view
}

const joined = new WeakMap<Snapshot, { readonly kept: readonly Markup[]; readonly snapshot: Snapshot }>()

/**
 * The catalogue with markups that are kept elsewhere than in the operator's file. All of them hold together: of the rules that fit a call the one that says
 * most, and of those that say the same the file's, which stands last. The snapshot itself where there are none.
 */
export function withMarkups(snapshot: Snapshot, kept: readonly Markup[]): Snapshot {
  if (kept.length === 0) return snapshot
  const known = joined.get(snapshot)
  if (known?.kept === kept) return known.snapshot
  const made = Object.freeze({ ...snapshot, markups: [...kept, ...(snapshot.markups ?? [])] })
  joined.set(snapshot, { kept, snapshot: made })
  return made
}

function priced(snapshot: Snapshot, markups: readonly Markup[]): Snapshot {
  const models = new Map([...snapshot.models].map(([id, model]): [string, Model] => {
    const endpoints = model.endpoints.map((endpoint) => marked(endpoint, markups))
    return [id, endpoints.every((endpoint, at) => endpoint === model.endpoints[at]) ? model : Object.freeze({ ...model, endpoints })]
  }))
  return Object.freeze({ ...snapshot, models })
}

function marked(endpoint: Endpoint, markups: readonly Markup[]): Endpoint {
  const basisPoints = markupAt(endpoint, markups)
  if (basisPoints === 0 || endpoint.price.state !== 'priced') return endpoint
  const up = (price: Price): Price => markedUp(price, basisPoints)
  const { alternatives, tierPrices } = endpoint
  return Object.freeze({
    ...endpoint, price: up(endpoint.price), markup: { basisPoints, list: endpoint },
    ...(alternatives && { alternatives: alternatives.map((other) => marked(other, [{ basisPoints }])) }),
    ...(tierPrices && { tierPrices: new Map([...tierPrices].map(([tier, price]) => [tier, up(price)])) }),
  })
}

/** Those that are for everybody, or for this account. */
export function markupsOf(markups: readonly Markup[], accountId: string): readonly Markup[] {
  return markups.filter(({ account }) => account === undefined || account === accountId)
}

/** Of the rules that fit the one that says most: the account, then the model, then the provider. Of equals the last. */
export function markupAt({ modelId, provider }: Endpoint, markups: readonly Markup[]): number {
  const maker = `${modelId.split('/')[0] ?? ''}/*`
  let [most, basisPoints] = [-1, 0]
  for (const rule of markups) {
    if (rule.model !== undefined && rule.model !== modelId && rule.model !== maker) continue
    if (rule.provider !== undefined && rule.provider !== provider.slug) continue
    const says = (rule.account === undefined ? 0 : 4) + (rule.model === undefined ? 0 : 2) + (rule.provider === undefined ? 0 : 1)
    if (says < most) continue
    most = says
    basisPoints = rule.basisPoints
  }
  return basisPoints
}
