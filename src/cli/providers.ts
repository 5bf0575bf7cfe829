import type { Provider, Snapshot } from '../catalog/endpoint.ts'
import type { DialectName } from '../core/call.ts'
import { providerSlug } from '../catalog/names.ts'
import { openCatalogue } from './catalogue-view.ts'
import { CliError, type Command, type CommandGroup } from './command.ts'
import type { Sink } from './context.ts'
import { nearestWord } from './nearest-word.ts'
import { paint } from './paint.ts'
import { sayCount } from './say.ts'
import { facts, table } from './table.ts'

const list: Command = {
  name: 'list', summary: 'all providers: which are ready, and what the others lack', words: [],
  flags: { ready: { what: 'only those that can be called now' } },
  examples: [['switchyard providers list --ready', 'what can be called now'], ['switchyard providers', 'all of them, with the variable that each needs']],
  async run({ context, config, json, isOn }) {
    const snapshot = await openCatalogue(config)
    const { out, err } = context.terminal
    const counts = modelCounts(snapshot)
    const found = sortedProviders(snapshot).filter((provider) => !isOn('ready') || provider.notReady === undefined)
    if (json) out.write(`${JSON.stringify({ data: found.map((provider) => providerRow(provider, counts)) }, null, 2)}\n`)
    else {
      out.write(providerTable(out, found, counts))
      err.write(paint(err, 'dim', `${found.filter((provider) => provider.notReady === undefined).length} of ${sayCount(found.length, 'provider')} ready\n`))
    }
    return 0
  },
}

const show: Command = {
  name: 'show', summary: 'one provider: address, credential variable, data policy, models', words: ['<provider>'], flags: {},
  examples: [['switchyard providers show groq', 'which variable it needs, and what it serves']],
  async run({ words, context, config, json }) {
    const snapshot = await openCatalogue(config)
    const { out } = context.terminal
    const provider = snapshot.providers.get(providerSlug(words[0] ?? ''))
    if (!provider) {
      const near = nearestWord((words[0] ?? '').toLowerCase(), [...snapshot.providers.keys()])
      throw new CliError(`there is no provider “${words[0]}”`, near ? `did you mean ${near}?` : '`switchyard providers list` shows them all')
    }
    const models = [...snapshot.models.values()].filter((model) => model.endpoints.some((endpoint) => endpoint.provider.slug === provider.slug)).map((model) => model.id)
    if (json) out.write(`${JSON.stringify({ ...providerRow(provider, modelCounts(snapshot)), model_ids: models }, null, 2)}\n`)
    else out.write(providerPage(out, provider, models))
    return 0
  },
}

/** `switchyard providers`. */
export const providersGroup: CommandGroup = { name: 'providers', summary: 'see who is ready and what the others lack', alone: 'list', commands: [list, show] }

/** Ready ones first, then by name. */
export function sortedProviders(snapshot: Snapshot): Provider[] {
  const rank = (provider: Provider): number => (provider.notReady === undefined ? 0 : 1)
  return [...snapshot.providers.values()].toSorted((a, b) => rank(a) - rank(b) || (a.slug < b.slug ? -1 : 1))
}

/** How many models each provider serves, by its slug. */
export function modelCounts(snapshot: Snapshot): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const model of snapshot.models.values()) {
    for (const slug of new Set(model.endpoints.map((endpoint) => endpoint.provider.slug))) counts.set(slug, (counts.get(slug) ?? 0) + 1)
  }
  return counts
}

/** Providers in a table, with what each lacks. */
export function providerTable(out: Sink, providers: readonly Provider[], counts: ReadonlyMap<string, number>): string {
  return table(out, [{ title: 'PROVIDER' }, { title: 'NAME' }, { title: 'MODELS', align: 'right' }, { title: 'DIALECTS' }, { title: 'STATE' }],
    providers.map((provider) => [provider.slug, provider.name, String(counts.get(provider.slug) ?? 0), dialectsOf(provider).join(', '), provider.notReady === undefined ? { text: 'ready', style: 'green' } : provider.notReady]))
}

/** The dialects that it speaks, its main one first. */
export function dialectsOf(provider: Provider): readonly DialectName[] {
  return [provider.dialect, ...(provider.alternatives ?? []).map((other) => other.provider.dialect)]
}

/** What is known of a provider, without its credential. */
function providerRow(provider: Provider, counts: ReadonlyMap<string, number>): object {
  return {
    slug: provider.slug, name: provider.name, ready: provider.notReady === undefined, lacks: provider.notReady ?? null, env: provider.env, dialect: provider.dialect, dialects: dialectsOf(provider),
    base_url: provider.baseUrl, has_credential: provider.credential !== undefined, retains_prompts: provider.retainsPrompts, may_train: provider.mayTrain, policy_source: provider.policySource ?? null, policy_as_of: provider.policyAsOf ?? null, models: counts.get(provider.slug) ?? 0,
  }
}

/** Where its data policy was read, and the models that it treats otherwise. */
function saidWhere({ policySource, policyAsOf, modelPolicies = [] }: Provider): string {
  const others = modelPolicies.map(({ models, retains, days, source }) => `${models}: ${retains ? `kept${days === undefined ? '' : ` for ${days} days`}` : 'not kept'} (${source})`)
  return [policySource === undefined ? 'nowhere, so the worst is taken' : `${policySource}${policyAsOf === undefined ? '' : `, ${policyAsOf}`}`, ...others].join('\n          ')
}

function providerPage(out: Sink, provider: Provider, models: readonly string[]): string {
  return facts(out, [
    ['provider', provider.slug], ['name', provider.name], ['state', provider.notReady ?? 'ready'], ['address', provider.baseUrl], ['dialects', dialectsOf(provider).join(', ')],
    ['credential', provider.auth === 'none' ? 'needs none' : `${provider.credential === undefined ? 'missing' : 'set'}${provider.env.length > 0 ? ` (${provider.env.join(' or ')})` : ''}`],
    ['prompts', `${provider.retainsPrompts ? 'may be kept' : 'not kept'}, ${provider.mayTrain ? 'may be trained on' : 'not trained on'}`], ['as said', saidWhere(provider)],
    ...(provider.docsUrl === undefined ? [] : [['docs', provider.docsUrl] as const]), ...(provider.statusPageUrl === undefined ? [] : [['status', provider.statusPageUrl] as const]),
    ['models', models.length === 0 ? 'none' : models.join('\n          ')],
  ])
}
