import { DIALECTS, type DialectName } from '../core/call.ts'
import { findCredential, type Credential } from './credential.ts'
import type { Auth, Provider } from './endpoint.ts'
import { alternativesOf } from './alternatives.ts'
import type { OperatorProvider } from './operator-file.ts'
import { policyFacts } from './provider-policy.ts'
import type { ProviderAccessRow, ProviderRow } from './rows.ts'

/** Variables of the environment, as they were handed to us. */
export type Environment = Readonly<Record<string, string | undefined>>

const AUTH_OF: Readonly<Partial<Record<DialectName, Auth>>> = { 'anthropic-messages': 'x-api-key', gemini: 'x-goog-api-key', vertex: 'google-jwt', 'bedrock-converse': 'sigv4' }

/** A path that our dialect says itself; people (and the SDKs' docs) write it at the end of a base URL. */
const OWN_PATHS: Readonly<Partial<Record<DialectName, RegExp>>> = { 'openai-chat': /\/chat\/completions$/, 'anthropic-messages': /\/v1$/, gemini: /\/v1beta$/, 'openai-responses': /\/responses$/ }

/** Mistral speaks OpenAI's dialect in its own way: the name stands for that dialect with these quirks. */
const MISTRAL_QUIRKS = ['output_dimension', 'tool_choice_any', 'mistral_tool_ids', 'mistral_documents', 'mistral_thinking', 'no_seed', 'no_stream_options', 'no_developer_role']

/** Where the clouds are, for an operator's provider that only says which cloud it is. */
const CLOUD_URLS: Readonly<Partial<Record<DialectName, string>>> = { vertex: 'https://aiplatform.googleapis.com', 'bedrock-converse': 'https://bedrock-runtime.${AWS_REGION}.amazonaws.com' }

/** One provider, and the same one by the other dialects that it serves some models by. */
export interface ProviderSet {
  readonly main: Provider
  readonly row: ProviderRow
  readonly others: ReadonlyMap<string, Provider>
  /** Deployments with an address and a key of their own, by the model that they serve: they go before `main` (contract H16). */
  readonly ownEndpoints: ReadonlyMap<string, { readonly provider: Provider; readonly upstreamId: string }>
}

/** The provider of a row, with what the operator changes about it and the credential that the environment has. */
export function makeProvider(row: ProviderRow, operator: OperatorProvider | undefined, env: Environment): ProviderSet {
  const credential = findCredential(row, operator, env)
  const main = oneProvider(row, row, operator, credential, env)
  const others = new Map(Object.entries(row.others ?? {}).map(([name, access]) => {
    // An address of the operator's holds for all of the provider, so that nothing goes past it.
    return [name, oneProvider(row, operator?.baseUrl === undefined ? access : { ...access, url: operator.baseUrl }, operator && { ...operator, dialect: access.dialect }, credential, env)]
  }))
  const ownEndpoints = new Map((credential.ownEndpoints ?? []).map(({ modelId, upstreamId, url, secret }) => {
    const { notReady: _, ...ready } = oneProvider(row, row, { slug: row.slug, ...operator, baseUrl: url }, { secret }, env)
    return [modelId, { provider: Object.freeze({ ...ready, callUrl: url }), upstreamId }]
  }))
  const alternatives = alternativesOf(row, operator).map(({ access, said }) => ({ provider: oneProvider(row, access, said, credential, env), serves: (access.serves ?? '*').split(' ') }))
  const ready = alternatives.filter(({ provider }) => provider.notReady === undefined || main.notReady !== undefined)
  return { main: ready.length === 0 ? main : Object.freeze({ ...main, alternatives: ready }), row, others, ownEndpoints }
}

/** The row of a provider that only the operator knows. */
export function rowOfOperator(operator: OperatorProvider): ProviderRow {
  const dialect = operator.dialect ?? 'openai-chat'
  return { slug: operator.slug, name: operator.name ?? operator.slug, url: operator.baseUrl ?? CLOUD_URLS[dialect] ?? '', dialect, env: [], quirks: operator.quirks ?? [] }
}

function oneProvider(row: ProviderRow, access: ProviderAccessRow, operator: OperatorProvider | undefined, found: Credential, env: Environment): Provider {
  const named = operator?.dialect ?? access.dialect
  const dialect = named === 'mistral' ? 'openai-chat' : named
  const { url, missing } = operator?.baseUrl === undefined ? fillUrl(addressOf(access.url, dialect, found), { ...env, AWS_REGION: found.region ?? env['AWS_REGION'], AZURE_RESOURCE_NAME: found.resource }) : { url: operator.baseUrl, missing: [] }
  const baseUrl = trimUrl(url, dialect)
  const { secret: credential } = found
  const auth = authOf(row, access, operator, dialect, found, baseUrl)
  const notReady = whyNotReady({ operator, auth, found, missing, env: row.env })
  const quirks = operator?.quirks ?? access.quirks ?? (dialect === row.dialect ? row.quirks : undefined) ?? []
  return Object.freeze({
    slug: row.slug, name: operator?.name ?? row.name, baseUrl, dialect, auth, env: row.env,
    quirks: new Set(named === 'mistral' ? [...quirks, ...MISTRAL_QUIRKS] : quirks),
    headers: { ...row.headers, ...operator?.headers },
    ...policyFacts(row, operator),
    ...(credential !== undefined && { credential }), ...(notReady !== undefined && { notReady }),
    ...(found.account && { account: found.account }), ...(found.project !== undefined && { project: found.project }), ...(found.region !== undefined && { region: found.region }),
    ...(access.lacks && { lacks: new Set(access.lacks.split(' ')) }),
    ...(operator?.apiVersion !== undefined && { apiVersion: operator.apiVersion }),
    ...(row.docs !== undefined && { docsUrl: row.docs }), ...(row.privacy !== undefined && { privacyPolicyUrl: row.privacy }),
    ...(row.terms !== undefined && { termsUrl: row.terms }), ...(row.status !== undefined && { statusPageUrl: row.status }),
    ...bodyLimit(operator?.bodyBytesMax ?? row.bodyBytesMax), ...(operator?.timeouts && { timeouts: operator.timeouts }),
    ...(operator?.concurrencyMax !== undefined && { concurrencyMax: operator.concurrencyMax }),
  })
}

/** The address of the place where the account is, where the provider has one for each. */
function addressOf(url: string, dialect: DialectName, { region, isFoundry }: Credential): string {
  if (isFoundry) return url.replace('.openai.azure.com', '.services.ai.azure.com')
  if (dialect !== 'vertex' || region === undefined || region === 'global') return url
  // The European Union and the United States as a whole have hosts of another form than single regions.
  return /^(?:eu|us)$/.test(region) ? `https://aiplatform.${region}.rep.googleapis.com` : url.replace('//', `//${region}-`)
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

function authOf(row: ProviderRow, access: ProviderAccessRow, operator: OperatorProvider | undefined, dialect: DialectName, { secret, auth }: Credential, baseUrl: string): Auth {
  if (operator?.auth) return operator.auth
  // A server on this machine needs no key as a rule; one that does says so by having one.
  if (operator?.baseUrl !== undefined && secret === undefined && isLoopback(baseUrl)) return 'none'
  if (auth !== undefined && (dialect === 'vertex' || dialect === 'bedrock-converse')) return auth
  // Azure keeps its header whichever of OpenAI's dialects is spoken to it; what belongs to a dialect goes with it.
  if (operator?.dialect !== undefined && operator.dialect !== access.dialect) return AUTH_OF[dialect] ?? (AUTH_OF[access.dialect] === undefined ? access.auth : undefined) ?? 'bearer'
  return access.auth ?? AUTH_OF[dialect] ?? row.auth ?? 'bearer'
}

interface Readiness {
  readonly operator: OperatorProvider | undefined
  readonly auth: Auth
  readonly found: Credential
  readonly missing: readonly string[]
  readonly env: readonly string[]
}

function whyNotReady({ operator, auth, found, missing, env }: Readiness): string | undefined {
  if (operator?.enabled === false) return 'turned off'
  if (operator?.withheld !== undefined) return operator.withheld
  if (found.wrong !== undefined) return found.wrong
  if (auth !== 'none' && found.secret === undefined) return env.length === 0 ? 'no credential: give it an api_key' : `no credential: set ${env.join(' or ')}`
  // An identity of AWS signs for Bedrock itself; its other addresses want a key.
  if (found.account?.kind === 'aws' && auth !== 'sigv4') return `no credential: set ${env[0] ?? 'api_key'}`
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
