import type { ModelRow, ProviderRow } from '../rows.ts'
import type { Feed } from './feed.ts'
import { placeAll, type KnownModel } from './group.ts'
import { modelRows, type Note } from './model-rows.ts'
import { providerRow } from './provider-rows.ts'

export interface CatalogueData {
  readonly models: readonly ModelRow[]
  readonly providers: readonly ProviderRow[]
  readonly notes: readonly Note[]
}

/**
 * Makes our data of a feed: providers that we can call, and one model for all spellings of it. Pure and in one order: the same feed gives the same bytes.
 * `known` models keep their ids.
 */
export function makeRows(feed: Feed, known: readonly KnownModel[] = []): CatalogueData {
  const rows = feed.providers.map((provider) => ({ provider, row: providerRow(provider) }))
  const callable = rows.flatMap(({ provider, row }) => (row ? [provider] : []))
  const { rows: models, notes } = modelRows(placeAll(feed, callable, known))
  const serving = new Set(models.flatMap((model) => model.endpoints.map((endpoint) => endpoint.provider)))
  const providers = rows.flatMap(({ row }) => (row && serving.has(row.slug) ? [row] : [])).toSorted((a, b) => (a.slug < b.slug ? -1 : 1))
  return { models, providers, notes }
}

/** The data as text: a line for each provider, a line for each model and for each of its endpoints, so that a change is a changed line. */
export function formatRows(data: CatalogueData): { models: string; providers: string } {
  const models = data.models.map(({ endpoints, ...model }) => `${JSON.stringify(model).slice(0, -1)},"endpoints":[\n${endpoints.map((endpoint) => ` ${JSON.stringify(endpoint)}`).join(',\n')}]}`)
  return { models: `[\n${models.join(',\n')}\n]\n`, providers: `[\n${data.providers.map((provider) => JSON.stringify(provider)).join(',\n')}\n]\n` }
}
