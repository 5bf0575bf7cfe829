import type { Endpoint, Model, Snapshot } from '../catalog/endpoint.ts'
import { findModel, nearestModels, providerSlug } from '../catalog/names.ts'
import { sayUsd } from '../core/nano.ts'
import { pricingOf } from '../server/api/pricing.ts'
import { entriesOf, type ModelEntry } from '../server/api/model-row.ts'
import { openCatalogue } from './catalogue-view.ts'
import { CliError, usageError, type Command, type CommandGroup } from './command.ts'
import type { Sink } from './context.ts'
import { syncCommand } from './models-sync.ts'
import { paint } from './paint.ts'
import { sayCount, sayPrice, sayTokens } from './say.ts'
import { facts, table, type Cell } from './table.ts'

const list: Command = {
  name: 'list', summary: 'the models of the catalogue, with prices', words: ['[search…]'],
  about: 'Prices are USD per million tokens, at the cheapest provider that is ready, or at the first one where none is. READY counts the providers that can be called now: those with a credential and a known price.',
  flags: {
    provider: { value: '<slug>', what: 'only models that this provider serves' },
    free: { what: 'only models that cost nothing' },
    ready: { what: 'only models that can be called now' },
  },
  examples: [
    ['switchyard models list --ready', 'what can be called now'],
    ['switchyard models list claude sonnet', 'by words of the name'],
    ['switchyard models list --provider groq --json', 'for scripts'],
  ],
  async run({ words, context, config, json, text, isOn }) {
    const snapshot = await openCatalogue(config)
    const { out, err } = context.terminal
    const slug = text('provider') === undefined ? undefined : knownProvider(snapshot, text('provider') ?? '')
    const search = words.flatMap((word) => word.toLowerCase().split(/\s+/)).filter((word) => word !== '')
    const found = [...entriesOf(snapshot).values()].filter((entry) => matches(entry, { snapshot, search, slug, free: isOn('free'), ready: isOn('ready') }))
    if (json) out.write(`${JSON.stringify({ data: found.map((entry) => ({ ...entry.row, ready: readyCount(entry.model, snapshot) > 0, providers: entry.model.endpoints.map((endpoint) => endpoint.tag) })) }, null, 2)}\n`)
    else {
      out.write(modelTable(out, found, snapshot))
      err.write(paint(err, 'dim', `${sayCount(found.length, 'model')} of ${snapshot.models.size}\n`))
    }
    return 0
  },
}

const show: Command = {
  name: 'show', summary: 'one model: who serves it, at what price, and why some are not ready', words: ['<model>'], flags: {},
  examples: [['switchyard models show anthropic/claude-sonnet-4.5', 'all its providers'], ['switchyard models show demo/priced --json', 'for scripts']],
  async run({ words, context, config, json }) {
    const snapshot = await openCatalogue(config)
    const { out } = context.terminal
    const name = words[0] ?? ''
    const found = findModel(snapshot, name)
    if (!found) {
      const near = nearestModels(snapshot, name, 3)
      throw new CliError(`there is no model “${name}”`, near.length > 0 ? `did you mean ${near.join(', ')}?` : '`switchyard models list` shows them all')
    }
    const { model } = found
    if (json) out.write(`${JSON.stringify({ ...entriesOf(snapshot).get(model.id)?.row, ready: readyCount(model, snapshot) > 0, endpoints: model.endpoints.map((endpoint) => endpointRow(endpoint, snapshot)) }, null, 2)}\n`)
    else out.write(modelPage(out, model, snapshot))
    return 0
  },
}

/** `switchyard models`. */
export const modelsGroup: CommandGroup = { name: 'models', summary: 'look at the catalogue, and bring it up to date', alone: 'list', commands: [list, show, syncCommand] }

interface Filter { readonly snapshot: Snapshot; readonly search: readonly string[]; readonly slug: string | undefined; readonly free: boolean; readonly ready: boolean }

function matches({ model, shown }: ModelEntry, { snapshot, search, slug, free, ready }: Filter): boolean {
  const endpoints = slug === undefined ? model.endpoints : model.endpoints.filter((endpoint) => endpoint.provider.slug === slug)
  const names = `${model.id} ${model.name}`.toLowerCase()
  return endpoints.length > 0 && search.every((word) => names.includes(word))
    && (!free || shown?.price.state === 'free') && (!ready || endpoints.some((endpoint) => whyNotReady(endpoint, snapshot) === undefined))
}

function knownProvider(snapshot: Snapshot, name: string): string {
  const slug = providerSlug(name)
  if (!snapshot.providers.has(slug)) throw usageError(`there is no provider “${name}”`, '`switchyard providers list` shows them all')
  return slug
}

/** Why an endpoint cannot be called now; undefined when it can. */
function whyNotReady(endpoint: Endpoint, snapshot: Snapshot): string | undefined {
  if (endpoint.provider.notReady !== undefined) return endpoint.provider.notReady
  return endpoint.price.state === 'unpriced' && !snapshot.unpricedAllowed ? 'unpriced: give it a price in switchyard.yaml' : undefined
}

function readyCount(model: Model, snapshot: Snapshot): number {
  return model.endpoints.filter((endpoint) => whyNotReady(endpoint, snapshot) === undefined).length
}

function modelTable(out: Sink, entries: readonly ModelEntry[], snapshot: Snapshot): string {
  const columns = [{ title: 'MODEL' }, { title: 'INPUT', align: 'right' }, { title: 'OUTPUT', align: 'right' }, { title: 'CONTEXT', align: 'right' }, { title: 'READY', align: 'right' }] as const
  return table(out, columns, entries.map(({ model, shown }) => [
    model.id, shown ? sayPrice(shown.price, shown.price.prompt) : '', shown ? sayPrice(shown.price, shown.price.completion) : '',
    sayTokens(model.contextMax), `${readyCount(model, snapshot)}/${model.endpoints.length}`,
  ]))
}

function modelPage(out: Sink, model: Model, snapshot: Snapshot): string {
  const columns = [{ title: 'PROVIDER' }, { title: 'INPUT', align: 'right' }, { title: 'CACHED', align: 'right' }, { title: 'OUTPUT', align: 'right' }, { title: 'CONTEXT', align: 'right' }, { title: 'ANSWER', align: 'right' }, { title: 'STATE' }] as const
  const rows = model.endpoints.map((endpoint) => [
    endpoint.tag, sayPrice(endpoint.price, endpoint.price.prompt), endpoint.price.cacheRead === undefined ? '' : sayUsd(endpoint.price.cacheRead),
    sayPrice(endpoint.price, endpoint.price.completion), sayTokens(endpoint.contextMax), endpoint.outputMax === undefined ? '' : sayTokens(endpoint.outputMax),
    stateOf(endpoint, snapshot),
  ])
  return [
    facts(out, [
      ['model', model.id], ['name', model.name], ...(model.description === '' ? [] : [['about', model.description] as const]),
      ['reads', model.inputs.join(', ')], ['writes', model.outputs.join(', ')], ...(model.knowledgeCutoff === undefined ? [] : [['knows until', model.knowledgeCutoff] as const]),
    ]),
    '\n', table(out, columns, rows), paint(out, 'dim', 'Prices are USD per million tokens.\n'),
  ].join('')
}

function stateOf(endpoint: Endpoint, snapshot: Snapshot): Cell {
  const why = whyNotReady(endpoint, snapshot)
  if (why !== undefined) return { text: why, style: 'yellow' }
  return endpoint.deprecated ? { text: 'ready, deprecated', style: 'yellow' } : { text: 'ready', style: 'green' }
}

function endpointRow(endpoint: Endpoint, snapshot: Snapshot): object {
  const lacks = whyNotReady(endpoint, snapshot)
  return {
    provider: endpoint.tag, upstream_id: endpoint.upstreamId, price_state: endpoint.price.state, pricing: pricingOf(endpoint), context_length: endpoint.contextMax,
    max_completion_tokens: endpoint.outputMax ?? null, deprecated: endpoint.deprecated, ready: lacks === undefined, lacks: lacks ?? null,
  }
}
