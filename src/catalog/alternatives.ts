import type { DialectName } from '../core/call.ts'
import { glob } from '../lib/glob.ts'
import type { Endpoint } from './endpoint.ts'
import type { OperatorDialect, OperatorProvider } from './operator-file.ts'
import type { ProviderAccessRow, ProviderRow } from './rows.ts'

/** A further dialect of a provider: how it is called, and what the operator says of the provider where it is called so. */
export interface AlternativeAccess {
  readonly access: ProviderAccessRow
  readonly said: OperatorProvider | undefined
}

/**
 * The further dialects of a provider. The catalogue knows where its own are; of an address of the operator's it knows
 * nothing, so that only those count which the operator names, and nothing goes past that address.
 */
export function alternativesOf(row: ProviderRow, operator: OperatorProvider | undefined): AlternativeAccess[] {
  const said = operator?.dialects ?? new Map<DialectName, OperatorDialect>()
  const isMoved = operator?.baseUrl !== undefined || operator?.dialect !== undefined
  const main = operator?.dialect ?? row.dialect
  const known = new Map(isMoved ? [] : Object.values(row.others ?? {}).filter(({ serves }) => serves !== undefined).map((access) => [access.dialect, access] as const))
  const dialects = new Set([...known.keys(), ...said.keys()])
  dialects.delete(main)
  return [...dialects].flatMap((dialect) => {
    const own = said.get(dialect)
    if (own?.enabled === false) return []
    const access = known.get(dialect) ?? { url: row.url, dialect, quirks: [] }
    return [{ access: withSaid(access, own), said: saidOf(operator, dialect, own) }]
  })
}

function withSaid(access: ProviderAccessRow, own: OperatorDialect | undefined): ProviderAccessRow {
  if (!own) return access
  const { quirks = access.quirks } = own
  const lacks = own.lacks?.join(' ') ?? access.lacks
  const serves = own.serves?.join(' ') ?? access.serves
  return { ...access, ...(quirks && { quirks }), ...(lacks !== undefined && { lacks }), ...(serves !== undefined && { serves }) }
}

/** What the operator says of the provider, as it holds for this dialect: quirks are a dialect's own, the rest is the provider's. */
function saidOf(operator: OperatorProvider | undefined, dialect: DialectName, own: OperatorDialect | undefined): OperatorProvider | undefined {
  if (!operator) return undefined
  const { quirks: _, ...rest } = operator
  return { ...rest, dialect, ...(own?.baseUrl !== undefined && { baseUrl: own.baseUrl }), ...(own?.auth && { auth: own.auth }) }
}

/** The endpoint with itself by its provider's other dialects, where these serve its model. `parametersBy` says what it takes by each. */
export function withAlternatives(endpoint: Endpoint, parametersBy: (dialect: DialectName) => Endpoint['parameters']): Endpoint {
  const found = (endpoint.provider.alternatives ?? []).filter(({ serves }) => isServed(endpoint.upstreamId, serves))
  if (found.length === 0) return endpoint
  return { ...endpoint, alternatives: found.map(({ provider }) => Object.freeze({ ...endpoint, provider, parameters: parametersBy(provider.dialect) })) }
}

/** True when a name fits one of the patterns (`*` for anything) and none of those behind a `!`. */
export function isServed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => !pattern.startsWith('!') && glob(pattern)(name)) && !patterns.some((pattern) => pattern.startsWith('!') && glob(pattern.slice(1))(name))
}
