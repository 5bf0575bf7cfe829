import type { OperatorDataPolicy } from './operator-file.ts'
import { REGIONS, SORTS, ZDR_GROUPS, type PolicyRules, type ZdrGroup } from './policy-rules.ts'
import { byKey, said, type Place, type YamlReader } from './yaml-reader.ts'

const POLICY = [
  'allowed_providers', 'ignored_providers', 'allowed_models', 'ignored_models', 'enforce_zdr', 'enable_paid_model_training', 'enable_free_model_training',
  'enable_free_model_publication', 'data_region', 'allowed_countries', 'blocked_countries', 'default_provider_sort',
] as const
const DATA_POLICY = ['retains', 'retention_days', 'trains', 'publishes', 'source', 'as_of'] as const
const DAYS_MAX = 36_500

/** `policy:` of the operator's file: what holds for every account. */
export function readPolicy(reader: YamlReader, place: Place): PolicyRules {
  const at = byKey(reader.map(place, POLICY))
  const names = (one: Place | undefined) => one && listOf(reader, one, (item) => reader.string(item))
  const flag = (one: Place | undefined) => one && reader.boolean(one)
  return said({
    allowedProviders: names(at.allowed_providers), ignoredProviders: names(at.ignored_providers), allowedModels: names(at.allowed_models), ignoredModels: names(at.ignored_models),
    zdr: at.enforce_zdr && readZdr(reader, at.enforce_zdr),
    paidTraining: flag(at.enable_paid_model_training), freeTraining: flag(at.enable_free_model_training), freePublication: flag(at.enable_free_model_publication),
    region: at.data_region && reader.oneOf(at.data_region, REGIONS), sort: at.default_provider_sort && reader.oneOf(at.default_provider_sort, SORTS),
    allowedCountries: at.allowed_countries && readCountries(reader, at.allowed_countries), blockedCountries: at.blocked_countries && readCountries(reader, at.blocked_countries),
  })
}

/** `data_policy:` of a provider: what it has agreed with the operator, whatever it says to others. */
export function readDataPolicy(reader: YamlReader, place: Place): OperatorDataPolicy {
  const at = byKey(reader.map(place, DATA_POLICY))
  const flag = (one: Place | undefined) => one && reader.boolean(one)
  return said({
    retains: flag(at.retains), retentionDays: at.retention_days && reader.integer(at.retention_days, 0, DAYS_MAX), trains: flag(at.trains), publishes: flag(at.publishes),
    source: at.source && reader.string(at.source), asOf: at.as_of && reader.string(at.as_of),
  })
}

/** Where a provider's machines are: `eu`, or countries by their codes. */
export function readPlaces(reader: YamlReader, place: Place): readonly string[] {
  return readCountries(reader, place, 'must be eu, us or the code of a country, as DE')
}

/** The code of one country, as `DE`. */
export function readCountry(reader: YamlReader, place: Place, message = 'must be the code of a country in two letters, as DE'): string | undefined {
  const text = reader.string(place)?.toUpperCase()
  if (text === undefined) return undefined
  return /^[A-Z]{2}$/.test(text) ? text : reader.wrong(place, message)
}

function readCountries(reader: YamlReader, place: Place, message?: string): readonly string[] {
  return listOf(reader, place, (item) => readCountry(reader, item, message))
}

/** `true` is all groups. */
function readZdr(reader: YamlReader, place: Place): readonly ZdrGroup[] | undefined {
  if (place.node && 'value' in place.node) {
    const all = reader.boolean(place)
    return all === undefined ? undefined : all ? ZDR_GROUPS : []
  }
  return listOf(reader, place, (item) => reader.oneOf(item, ZDR_GROUPS))
}

/** An empty list would allow nothing, or forbid nothing: neither is meant. */
function listOf<T>(reader: YamlReader, place: Place, read: (item: Place) => T | undefined): readonly T[] {
  const items = reader.list(place)
  if (items.length === 0) reader.wrong(place, 'is an empty list: name something, or leave the key out')
  return items.flatMap((item) => read(item) ?? [])
}
