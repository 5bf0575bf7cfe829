import { readFileSync } from 'node:fs'
import type { PriceRow } from '../catalog/rows.ts'
import { FEED_URL, acceptDifference, compareFeed, fetchFeed, loadOverlay, writeOverlay, type FeedDifference, type PriceChange } from '../catalog/sync.ts'
import { parseUsd } from '../core/nano.ts'
import { overlayPath } from './catalogue-view.ts'
import { CliError, type Command, type Invocation } from './command.ts'
import type { Sink } from './context.ts'
import { paint } from './paint.ts'
import { sayCount, sayTokens } from './say.ts'
import { table } from './table.ts'

const ROWS_SHOWN = 15
/** A price that moves by more than this is more often a slip of the feed than a price. */
const SUSPECT_TIMES = 10n
/** A feed that lacks more offerings than this has lost a part of itself more often than providers have ended them all. */
const GONE_UNASKED_MAX = 100
const YES_HELP = 'Look at the changes above, then run it again with --yes, or on a terminal, where it asks.'

/** `switchyard models sync`. */
export const syncCommand: Command = {
  name: 'sync', summary: 'bring models, limits and prices up to date with models.dev', words: [],
  about: "Shows what differs, asks before it changes a price, and keeps what was taken over in catalogue/models.json of the data directory; a running server sees it at once. What switchyard.yaml says wins over it. Nothing else ever asks models.dev.",
  flags: {
    from: { value: '<url|file>', what: `another copy of the feed (default ${FEED_URL})` },
    yes: { short: 'y', what: 'take every change over, prices too' },
    'dry-run': { what: 'only show what differs' },
    all: { what: `show every change, not the first ${ROWS_SHOWN} of a kind (prices are always shown)` },
  },
  examples: [
    ['switchyard models sync', 'see what is new, and decide'],
    ['switchyard models sync --dry-run --json', 'for a report'],
    ['switchyard models sync --from ./api.json --yes', 'on a machine without internet'],
  ],
  async run(invocation) {
    const { config, context, json, isOn } = invocation
    const { out } = context.terminal
    const source = invocation.text('from') ?? FEED_URL
    const before = loadOverlay(overlayPath(config))
    const difference = compareFeed(await feedOf(source, invocation), before)
    if (!json) out.write(report(out, difference, isOn('all')))
    const decision = isEmpty(difference) || isOn('dry-run') ? 'nothing' : await decide(invocation, difference)
    if (decision === 'all' || decision === 'the rest') {
      const fetchedAt = new Date(context.clock.wallMs()).toISOString()
      const taken = decision === 'all' ? difference : withoutQuestioned(difference)
      writeOverlay(overlayPath(config), acceptDifference(taken, { source, fetchedAt, acceptPrice: () => decision === 'all', ...(before && { before }) }))
    }
    if (json) out.write(`${JSON.stringify({ source, taken: decision, ...differenceRow(difference) }, null, 2)}\n`)
    else if (!isEmpty(difference)) out.write(SAID[decision])
    if (decision !== 'undecided') return 0
    if (json) return 1
    throw new CliError(`${question(difference)} Nobody was asked, so nothing was taken over`, YES_HELP)
  },
}

type Decision = 'all' | 'the rest' | 'nothing' | 'undecided'

const SAID: Readonly<Record<Decision, string>> = {
  all: 'Taken over.\n', 'the rest': 'The rest was taken over.\n', nothing: 'Nothing was taken over.\n', undecided: '',
}

async function feedOf(source: string, { context }: Invocation): ReturnType<typeof fetchFeed> {
  try {
    if (/^https?:\/\//.test(source)) return await fetchFeed(context.fetch, source)
    return await fetchFeed(async () => new Response(readFileSync(source)), source)
  } catch (error) {
    throw new CliError(`the feed is not to be had: ${error instanceof Error ? error.message : String(error)}`, 'Without internet: fetch it elsewhere and give it with --from <file>.')
  }
}

/** Asks when a price would change, or much would go. Everything else is taken over without a question. */
async function decide({ context, json, isOn }: Invocation, difference: FeedDifference): Promise<Decision> {
  if (isOn('yes') || (difference.prices.length === 0 && difference.gone.length <= GONE_UNASKED_MAX)) return 'all'
  const { input, out } = context.terminal
  if (json || !input.isTty || !out.isTty) return 'undecided'
  for await (const line of input.lines(`${question(difference)} [y]es, [n]o, but take the rest over, [q]uit: `)) {
    const word = line.trim().toLowerCase()
    if (word === 'y' || word === 'yes') return 'all'
    if (word === 'n' || word === 'no') return 'the rest'
    if (word === 'q' || word === 'quit') return 'nothing'
  }
  return 'nothing'
}

function question({ prices, gone }: FeedDifference): string {
  const parts = [...(prices.length > 0 ? [`change ${sayCount(prices.length, 'price')}`] : []), ...(gone.length > GONE_UNASKED_MAX ? [`mark ${sayCount(gone.length, 'offering')} as not offered any more`] : [])]
  const text = parts.join(' and ')
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}?`
}

/** What is taken over when the answer to the question was no. */
function withoutQuestioned(difference: FeedDifference): FeedDifference {
  return { ...difference, prices: [], gone: difference.gone.length > GONE_UNASKED_MAX ? [] : difference.gone }
}

function isEmpty({ added, gone, prices, limits }: FeedDifference): boolean {
  return added.length + gone.length + prices.length + limits.length === 0
}

function report(out: Sink, difference: FeedDifference, all: boolean): string {
  if (isEmpty(difference)) return 'The catalogue is up to date.\n'
  const { added, gone, prices, limits } = difference
  return [
    section(out, 'New', added.length, table(out, [{ title: 'MODEL' }, { title: 'NAME' }, { title: 'PROVIDERS' }], cut(added, all).map((model) => [model.id, model.name, model.endpoints.map((endpoint) => endpoint.provider).join(', ')])), all),
    section(out, 'Not offered any more', gone.length, table(out, [{ title: 'MODEL' }, { title: 'PROVIDER' }, { title: 'ITS NAME THERE' }], cut(gone, all).map((ref) => [ref.model, ref.provider, ref.upstream])), all),
    section(out, 'Limits', limits.length, table(out, [{ title: 'MODEL' }, { title: 'PROVIDER' }, { title: 'CONTEXT' }, { title: 'ANSWER' }], cut(limits, all).map((change) => [change.model, change.provider, move(change.context), move(change.output)])), all),
    section(out, 'Prices, USD per million tokens', prices.length, priceTable(out, prices), true),
  ].join('')
}

function section(out: Sink, title: string, count: number, text: string, all: boolean): string {
  if (count === 0) return ''
  const more = all || count <= ROWS_SHOWN ? '' : paint(out, 'dim', `and ${count - ROWS_SHOWN} more; --all shows them\n`)
  return `${paint(out, 'bold', title)} (${count})\n${text}${more}\n`
}

function cut<T>(list: readonly T[], all: boolean): readonly T[] {
  return all ? list : list.slice(0, ROWS_SHOWN)
}

function move(change: { readonly from: number | undefined; readonly to: number } | undefined): string {
  return change ? `${change.from === undefined ? 'unknown' : sayTokens(change.from)} → ${sayTokens(change.to)}` : ''
}

function priceTable(out: Sink, changes: readonly PriceChange[]): string {
  const columns = [{ title: 'MODEL' }, { title: 'PROVIDER' }, { title: 'OF' }, { title: 'NOW', align: 'right' }, { title: 'THEN', align: 'right' }, { title: '' }] as const
  return table(out, columns, changes.flatMap((change) => movedPrices(change).map(({ of, from, to }) => [
    change.model, change.provider, of, from, to, isSuspect(from, to) ? { text: 'more than tenfold: right?', style: 'yellow' } : '',
  ])))
}

interface MovedPrice { readonly of: string; readonly from: string; readonly to: string }

/** The single prices that differ. */
function movedPrices({ from, to }: PriceChange): MovedPrice[] {
  const [old, now] = [parts(from), parts(to)]
  return [...new Set([...old.keys(), ...now.keys()])].map((of) => ({ of, from: old.get(of) ?? '', to: now.get(of) ?? '' })).filter((moved) => moved.from !== moved.to)
}

function parts(price: PriceChange['from']): Map<string, string> {
  if (typeof price === 'string') return new Map([['input', price], ['output', price]])
  const { tiers = [], ...flat } = price satisfies PriceRow
  return new Map([...Object.entries(flat), ...tiers.flatMap(({ over, ...tier }) => Object.entries(tier).map(([name, amount]) => [`${name} over ${sayTokens(over)}`, amount] as const))])
}

function isSuspect(from: string, to: string): boolean {
  const [old, now] = [parseUsd(from), parseUsd(to)]
  if (!old || !now) return false
  return now > old * SUSPECT_TIMES || old > now * SUSPECT_TIMES
}

function differenceRow({ added, gone, prices, limits }: FeedDifference): object {
  return { prices, limits, gone, added: added.map((model) => ({ id: model.id, name: model.name, providers: model.endpoints.map((endpoint) => endpoint.provider) })) }
}
