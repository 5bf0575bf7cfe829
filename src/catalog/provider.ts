import { DIALECTS, type DialectName } from '../core/call.ts'
import type { Auth, Provider } from './endpoint.ts'
import type { OperatorProvider } from './operator-file.ts'
import type { ProviderAccessRow, ProviderRow } from './rows.ts'

/** Variables of the environment, as they were handed to us. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Dialects that have a provider side in `dialects/`. The others are names that the data may use already. */
export const BUILT_DIALECTS: ReadonlySet<DialectName> = new Set(['openai-chat', 'anthropic-messages', 'gemini'])

const AUTH_OF: Readonly<Partial<Record<DialectName, Auth>>> = { 'anthropic-messages': 'x-api-key', gemini: 'x-goog-api-key', vertex: 'google-jwt', 'bedrock-converse': 'sigv4' }

/** A path that our dialect says itself; people (and the SDKs' docs) write it at the end of a base URL. */
const OWN_PATHS: Readonly<Partial<Record<DialectName, RegExp>>> = { 'openai-chat': /\/chat\/completions$/, 'anthropic-messages': /\/v1$/, gemini: /\/v1beta$/ }

/** One provider, and the same one by the other dialects that it serves some models by. */
export interface ProviderSet {
  readonly main: Provider
  readonly row: ProviderRow
  readonly others: ReadonlyMap<string, Provider>
}

/** The provider of a row, with what the operator changes about it and the credential that the environment has. */
export function makeProvider(row: ProviderRow, operator: OperatorProvider | undefined, env: Environment): ProviderSet {
  const main = oneProvider(row, row, operator, env)
  const others = new Map(Object.entries(row.others ?? {}).map(([name, access]) => {
    // An address of the operator's holds for all of the provider, so that nothing goes past it.
    return [name, oneProvider(row, operator?.baseUrl === undefined ? access : { ...access, url: operator.baseUrl }, operator && { ...operator, dialect: access.dialect }, env)]
  }))
  return { main, row, others }
}

/** The row of a provider that only the operator knows. */
export function rowOfOperator(operator: OperatorProvider): ProviderRow {
  return { slug: operator.slug, name: operator.name ?? operator.slug, url: operator.baseUrl ?? '', dialect: operator.dialect ?? 'openai-chat', env: [], quirks: operator.quirks ?? [] }
}

function oneProvider(row: ProviderRow, access: ProviderAccessRow, operator: OperatorProvider | undefined, env: Environment): Provider {
  const dialect = operator?.dialect ?? access.dialect
  const { url, missing } = operator?.baseUrl === undefined ? fillUrl(access.url, env) : { url: operator.baseUrl, missing: [] }
  const baseUrl = trimUrl(url, dialect)
  const credential = operator?.apiKey ?? row.env.map((name) => env[name]).find((value) => value !== undefined && value !== '')
  const auth = authOf(access, operator, dialect, credential, baseUrl)
  const notReady = whyNotReady({ operator, dialect, auth, credential, missing, env: row.env })
  return Object.freeze({
    slug: row.slug, name: operator?.name ?? row.name, baseUrl, dialect, auth, env: row.env,
    quirks: new Set(operator?.quirks ?? access.quirks ?? (dialect === row.dialect ? row.quirks : undefined) ?? []),
    headers: { ...row.headers, ...operator?.headers },
    retainsPrompts: operator?.retainsPrompts ?? row.policy?.retains ?? true,
    mayTrain: operator?.mayTrain ?? row.policy?.trains ?? true,
    ...(credential !== undefined && { credential }), ...(notReady !== undefined && { notReady }),
    ...(row.docs !== undefined && { docsUrl: row.docs }), ...(row.privacy !== undefined && { privacyPolicyUrl: row.privacy }),
    ...(row.terms !== undefined && { termsUrl: row.terms }), ...(row.status !== undefined && { statusPageUrl: row.status }),
    ...(row.headquarters !== undefined && { headquarters: row.headquarters }),
    ...bodyLimit(operator?.bodyBytesMax ?? row.bodyBytesMax), ...(operator?.timeouts && { timeouts: operator.timeouts }),
  })
}

function bodyLimit(bodyBytesMax: number | undefined): { bodyBytesMax?: number } {
  return bodyBytesMax === undefined ? {} : { bodyBytesMax }
}

/** Fills `${NAME}` from the environment; `missing` has the names that it lacks. */
function fillUrl(template: string, env: Environment): { url: string; missing: string[] } {
  const missing: string[] = []
  const url = template.replace(/\$\{(\w+)\}/g, (mark, name: string) => {
    const value = env[name]
    if (!value) missing.push(name)
    return value || mark
  })
  return { url, missing }
}

function trimUrl(url: string, dialect: DialectName): string {
  const bare = url.replace(/\/+$/, '')
  const own = OWN_PATHS[dialect]
  return own ? bare.replace(own, '') : bare
}

function authOf(access: ProviderAccessRow, operator: OperatorProvider | undefined, dialect: DialectName, credential: string | undefined, baseUrl: string): Auth {
  if (operator?.auth) return operator.auth
  // A server on this machine needs no key as a rule; one that does says so by having one.
  if (operator?.baseUrl !== undefined && credential === undefined && isLoopback(baseUrl)) return 'none'
  if (operator?.dialect !== undefined && operator.dialect !== access.dialect) return AUTH_OF[dialect] ?? 'bearer'
  return access.auth ?? AUTH_OF[dialect] ?? 'bearer'
}

interface Readiness {
  readonly operator: OperatorProvider | undefined
  readonly dialect: DialectName
  readonly auth: Auth
  readonly credential: string | undefined
  readonly missing: readonly string[]
  readonly env: readonly string[]
}

function whyNotReady({ operator, dialect, auth, credential, missing, env }: Readiness): string | undefined {
  if (operator?.enabled === false) return 'turned off'
  if (!BUILT_DIALECTS.has(dialect)) return `dialect ${dialect} is not built yet`
  if (auth !== 'none' && credential === undefined) return env.length === 0 ? 'no credential: give it an api_key' : `no credential: set ${env.join(' or ')}`
  return missing.length === 0 ? undefined : `no address: set ${missing.join(' and ')}`
}

/** True for an address of this machine. */
export function isLoopback(url: string): boolean {
  return /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:\/|$)/i.test(url)
}

/** True for a dialect's name. */
export function isDialect(text: string): text is DialectName {
  return DIALECTS.some((dialect) => dialect === text)
}
