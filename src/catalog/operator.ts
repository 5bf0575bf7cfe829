import { parseUsd } from '../core/nano.ts'
import type { Alias } from './alias.ts'
import type { Timeouts } from './endpoint.ts'
import { providerSlug } from './names.ts'
import { readAlias } from './operator-alias.ts'
import { AUTHS, readDialect, readDialects, readUrl, strings } from './operator-dialects.ts'
import type { ModelOverride, OperatorError, OperatorFile, OperatorProvider, OperatorServer } from './operator-file.ts'
import { CREDENTIAL_KEYS, readCredential } from './operator-credential.ts'
import { readMarkups } from './operator-markups.ts'
import { readByok } from './operator-byok.ts'
import { LIMIT_KEYS, readLimits } from './operator-limits.ts'
import { readOcr } from './operator-ocr.ts'
import { readRetention } from './operator-retention.ts'
import { readRouters } from './operator-routers.ts'
import { readSecrets } from './operator-secrets.ts'
import { readCountry, readDataPolicy, readPlaces, readPolicy } from './operator-policy.ts'
import { readModel, readModelId, readModelOverride } from './operator-model.ts'
import type { Environment } from './provider.ts'
import { byKey, said, YamlReader, type Entry, type Place } from './yaml-reader.ts'

export type OperatorResult = { readonly ok: true; readonly file: OperatorFile } | { readonly ok: false; readonly errors: readonly OperatorError[] }

export interface OperatorOptions {
  /** Its name in messages. */
  readonly file: string
  readonly env: Environment
  /** True for a provider that the catalogue has: it may be changed without saying where it is. */
  readonly isBuiltIn: (slug: string) => boolean
  /** The models there are without this file; absent: names of models are not checked. */
  readonly models?: ModelNames
}

/** Models that the operator's file may name. Ids are in lower case. */
export interface ModelNames {
  /** True for its id, and for another name of it. */
  has(name: string): boolean
  isId(name: string): boolean
  nearest(id: string): readonly string[]
}

const TOP = ['providers', 'models', 'aliases', 'unpriced', 'server', 'limits', 'egress', 'pdf', 'policy', 'routers', 'markups', 'byok', 'secrets', 'retention'] as const
const PROVIDER = ['name', 'base_url', ...CREDENTIAL_KEYS, 'dialect', 'dialects', 'auth', 'headers', 'quirks', 'enabled', 'timeouts', 'retains_prompts', 'may_train', 'data_policy', 'regions', 'headquarters', 'body_bytes_max', 'concurrency', 'models'] as const
const TIMEOUTS = [['head_ms_max', 'headMsMax'], ['reply_ms_max', 'replyMsMax'], ['first_event_ms_max', 'firstEventMsMax'], ['idle_ms_max', 'idleMsMax']] as const
/** Dialects of one cloud each, whose address follows from the region. */
const OWN_ADDRESS: ReadonlySet<string> = new Set(['vertex', 'bedrock-converse'])
const DAY_MS = 86_400_000
const CONCURRENCY_MAX = 1_000_000
const GIB = 1024 ** 3

/** Reads the operator's file (`switchyard.yaml`). Either all of it is right, or all that is wrong is told at once and nothing of it counts. */
export function parseOperatorFile(text: string, options: OperatorOptions): OperatorResult {
  const reader = new YamlReader(text, options.file, options.env)
  if (reader.errors.length > 0) return { ok: false, errors: reader.errors }
  const file = readFile(reader, options)
  return reader.errors.length === 0 ? { ok: true, file } : { ok: false, errors: reader.errors.toSorted((a, b) => a.line - b.line || a.column - b.column) }
}

/** Reads only the settings of the process; what is wrong elsewhere in the file is not looked at. */
export function parseOperatorServer(text: string, options: OperatorOptions): { readonly ok: true; readonly server: OperatorServer } | { readonly ok: false; readonly errors: readonly OperatorError[] } {
  const reader = new YamlReader(text, options.file, options.env)
  if (reader.errors.length > 0) return { ok: false, errors: reader.errors }
  const { server, limits, egress } = byKey(reader.map(reader.root))
  const read = readServer(reader, server, limits, egress)
  return reader.errors.length === 0 ? { ok: true, server: read } : { ok: false, errors: reader.errors }
}

function readFile(reader: YamlReader, options: OperatorOptions): OperatorFile {
  const found = byKey(reader.map(reader.root, TOP))
  const { models, aliases, unpriced } = found
  const providers = found.providers ? readProviders(reader, found.providers, options) : []
  const names = options.models && withOwn(options.models, providers)
  return {
    providers,
    models: models ? readOverrides(reader, models, names) : new Map(),
    aliases: aliases ? readAliases(reader, aliases, names) : new Map(),
    unpriced: (unpriced && reader.oneOf(unpriced, ['allow', 'refuse'])) ?? 'refuse',
    server: readServer(reader, found.server, found.limits, found.egress),
    ...said({ ocr: found.pdf && readOcr(reader, found.pdf), policy: found.policy && readPolicy(reader, found.policy), routers: found.routers && readRouters(reader, found.routers), retention: found.retention && readRetention(reader, found.retention), byok: found.byok && readByok(reader, found.byok), markups: found.markups && readMarkups(reader, found.markups), secrets: found.secrets && readSecrets(reader, found.secrets), rateLimits: found.limits && readLimits(reader, found.limits) }),
  }
}

function readProviders(reader: YamlReader, place: Place, options: OperatorOptions): OperatorProvider[] {
  const seen = new Set<string>()
  return reader.map(place).map((entry) => {
    const slug = providerSlug(entry.key)
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(slug)) reader.wrong({ ...entry, offset: entry.keyOffset }, 'a provider is named in lower case letters, digits, dots, dashes and underscores')
    if (slug === 'demo') reader.wrong({ ...entry, offset: entry.keyOffset }, 'the demo provider is inside Switchyard and cannot be changed here; take another name')
    if (seen.has(slug)) reader.wrong({ ...entry, offset: entry.keyOffset }, `is said twice: ${slug} stands above already`)
    seen.add(slug)
    return readProvider(reader, entry, slug, options.isBuiltIn(slug))
  })
}

function readProvider(reader: YamlReader, entry: Entry, slug: string, isBuiltIn: boolean): OperatorProvider {
  const at = byKey(reader.map(entry, PROVIDER))
  const text = (place: Place | undefined) => place && reader.string(place)
  const flag = (place: Place | undefined) => place && reader.boolean(place)
  const isOff = at.enabled !== undefined && reader.boolean(at.enabled) === false
  const place = at.dialect && OWN_ADDRESS.has(reader.string(at.dialect) ?? '')
  if (!isBuiltIn && !at.base_url && !place && !isOff) reader.wrong({ ...entry, offset: entry.keyOffset }, 'is not in the catalogue, so it needs a base_url (and models)')
  return { slug, ...said({
    name: text(at.name), baseUrl: at.base_url && readUrl(reader, at.base_url),
    ...readCredential(reader, at),
    dialect: at.dialect && readDialect(reader, at.dialect), dialects: at.dialects && readDialects(reader, at.dialects), auth: at.auth && reader.oneOf(at.auth, AUTHS),
    headers: at.headers && readHeaders(reader, at.headers), quirks: at.quirks && strings(reader, at.quirks),
    enabled: flag(at.enabled), timeouts: at.timeouts && readTimeouts(reader, at.timeouts),
    retainsPrompts: flag(at.retains_prompts), mayTrain: flag(at.may_train), dataPolicy: at.data_policy && readDataPolicy(reader, at.data_policy),
    regions: at.regions && readPlaces(reader, at.regions), headquarters: at.headquarters && readCountry(reader, at.headquarters),
    bodyBytesMax: at.body_bytes_max && reader.integer(at.body_bytes_max, 1, GIB), concurrencyMax: at.concurrency && reader.integer(at.concurrency, 1, CONCURRENCY_MAX),
    models: at.models && reader.list(at.models).map((model) => readModel(reader, model)).filter((model) => model !== undefined),
  }) }
}

function readHeaders(reader: YamlReader, place: Place): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const entry of reader.map(place)) {
    const value = reader.string(entry)
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(entry.key)) reader.wrong({ ...entry, offset: entry.keyOffset }, 'is no name of a header')
    else if (value !== undefined && /[\r\n\0]/.test(value)) reader.wrong(entry, 'must be one line')
    else if (value !== undefined) headers[entry.key.toLowerCase()] = value
  }
  return headers
}

function readTimeouts(reader: YamlReader, place: Place): Partial<Timeouts> {
  const at = byKey(reader.map(place, TIMEOUTS.map(([key]) => key)))
  const found = TIMEOUTS.flatMap(([key, name]) => {
    const one = at[key]
    const ms = one && reader.integer(one, 1, DAY_MS)
    return ms === undefined ? [] : [[name, ms] as const]
  })
  return Object.fromEntries(found)
}

/** Servers that are looked for on this machine: what they serve is not known when the file is read. */
const DISCOVERED = /^(?:ollama|lmstudio|llamacpp|vllm)\//
const NEAREST_MAX = 3

function withOwn(names: ModelNames, providers: readonly OperatorProvider[]): ModelNames {
  const own = new Set(providers.flatMap(({ models = [] }) => models.map(({ id }) => id.toLowerCase())))
  const authorOf = (id: string) => id.slice(0, id.indexOf('/') + 1)
  return {
    has: (name) => own.has(name) || DISCOVERED.test(name) || names.has(name),
    isId: (name) => own.has(name) || names.isId(name),
    nearest: (id) => [...[...own].filter((other) => authorOf(other) === authorOf(id)), ...names.nearest(id)].slice(0, NEAREST_MAX),
  }
}

/** An id in lower case, of a model that there is. */
function knownModel(reader: YamlReader, place: Place, text: string, names: ModelNames | undefined): string | undefined {
  const id = readModelId(reader, place, text)?.toLowerCase()
  if (id === undefined || !names || names.has(id)) return id
  const near = names.nearest(id)
  return reader.wrong(place, `there is no model ${id}${near.length === 0 ? '' : `: did you mean ${near.join(' or ')}?`}; a new one is said under providers.<name>.models`)
}

function readOverrides(reader: YamlReader, place: Place, names: ModelNames | undefined): Map<string, ModelOverride> {
  return new Map(reader.map(place).flatMap((entry) => {
    const id = knownModel(reader, { ...entry, offset: entry.keyOffset }, entry.key, names)
    const override = readModelOverride(reader, entry)
    return id === undefined ? [] : [[id, override] as const]
  }))
}

function readAliases(reader: YamlReader, place: Place, names: ModelNames | undefined): Map<string, Alias> {
  return new Map(reader.map(place).flatMap((entry) => {
    const alias = entry.key.toLowerCase()
    if (names?.isId(alias)) reader.wrong({ ...entry, offset: entry.keyOffset }, 'is the id of a model already: take another name')
    const read = readAlias(reader, entry, (at, text) => knownModel(reader, at, text, names))
    return read ? [[alias, read] as const] : []
  }))
}

function readServer(reader: YamlReader, server: Place | undefined, limits: Place | undefined, egress: Place | undefined): OperatorServer {
  const at = byKey(server ? reader.map(server, ['port', 'data', 'body_bytes_max', 'journal', 'initial_credits', 'redis_url', 'database_url']) : [])
  const bounds = byKey(limits ? reader.map(limits, LIMIT_KEYS) : [])
  const journal = byKey(at.journal ? reader.map(at.journal, ['fsync']) : [])
  const links = byKey(egress ? reader.map(egress, ['enabled', 'allow_private']) : [])
  const body = at.body_bytes_max ?? bounds.body_bytes_max
  return said({
    port: at.port && reader.integer(at.port, 0, 65_535), data: at.data && reader.string(at.data),
    bodyBytesMax: body && reader.integer(body, 1024, GIB), journalFsync: journal.fsync && reader.oneOf(journal.fsync, ['always', 'interval', 'never']),
    initialCredits: at.initial_credits && readUsd(reader, at.initial_credits), redisUrl: at.redis_url && reader.string(at.redis_url), databaseUrl: at.database_url && reader.string(at.database_url),
    egressEnabled: links.enabled && reader.boolean(links.enabled), egressPrivate: links.allow_private && reader.boolean(links.allow_private),
  })
}

function readUsd(reader: YamlReader, place: Place): bigint | undefined {
  const text = reader.string(place)
  const amount = text === undefined ? undefined : parseUsd(text)
  return amount !== undefined && amount >= 0n ? amount : reader.wrong(place, 'must be an amount of USD, as "10.00"')
}
