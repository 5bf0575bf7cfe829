import { asArray, asString, isObject, parseObject, type Json, type JsonObject } from '../core/json.ts'
import type { Auth, AwsAccount, GoogleAccount } from './endpoint.ts'
import type { OperatorProvider } from './operator-file.ts'
import type { Environment } from './provider.ts'
import type { ProviderRow } from './rows.ts'
import { readServiceAccount } from './service-account.ts'

/** One deployment of Azure that has an address and a key of its own (contract H16). */
export interface OwnEndpoint {
  /** The model that it serves, by our id. */
  readonly modelId: string
  readonly url: string
  readonly secret: string
  /** What Azure calls it, where the body must say so. */
  readonly upstreamId: string
}

/** What we have to show a provider, and what it says of where the provider's account is. */
export interface Credential {
  /** The word to show, or the secret of `account`. */
  readonly secret?: string
  readonly account?: AwsAccount | GoogleAccount
  /** How a credential of this kind is shown, where the dialect has several ways. */
  readonly auth?: Auth
  readonly project?: string
  readonly region?: string
  /** Azure's resource, which its host names. */
  readonly resource?: string
  readonly isFoundry?: boolean
  readonly ownEndpoints?: readonly OwnEndpoint[]
  /** Why it cannot be used, for people; without the secret. */
  readonly wrong?: string
}

const CLOUD_SCHEMES: Readonly<Record<string, 'aws' | 'google'>> = { 'bedrock-converse': 'aws', vertex: 'google' }

/** The provider's credential: the operator's, else the environment's. Clouds have credentials of several parts. */
export function findCredential(row: ProviderRow, operator: OperatorProvider | undefined, env: Environment): Credential {
  const cloud = CLOUD_SCHEMES[operator?.dialect ?? row.dialect]
  if (cloud === 'aws') return awsCredential(operator, env)
  if (cloud === 'google') return googleCredential(row, operator, env)
  const secret = operator?.apiKey ?? firstOf(env, row.env)
  if (row.slug === 'azure' || row.url.includes('${AZURE_RESOURCE_NAME}')) return azureCredential(secret, operator, env)
  return secret === undefined ? {} : { secret }
}

function firstOf(env: Environment, names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '')
}

/** A key of Bedrock's own (a bearer), or an identity that signs. Contract H17 has both in one text. */
function awsCredential(operator: OperatorProvider | undefined, env: Environment): Credential {
  const region = operator?.region ?? firstOf(env, ['AWS_REGION', 'AWS_DEFAULT_REGION'])
  const place = region === undefined ? {} : { region }
  if (operator?.accessKeyId !== undefined) return { ...place, ...awsAccount(operator.accessKeyId, operator.secretAccessKey, operator.sessionToken, 'secret_access_key') }
  const word = operator?.apiKey ?? firstOf(env, ['AWS_BEARER_TOKEN_BEDROCK'])
  if (word !== undefined) return { ...place, ...awsText(word) }
  const accessKeyId = firstOf(env, ['AWS_ACCESS_KEY_ID'])
  return accessKeyId === undefined ? place : { ...place, ...awsAccount(accessKeyId, env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN'], 'AWS_SECRET_ACCESS_KEY') }
}

function awsText(text: string): Credential {
  if (!isJson(text)) return { secret: text, auth: 'bearer' }
  const json = parseObject(text)
  if (!json) return { wrong: 'the credential is not JSON' }
  const region = asString(json['region'])
  const account = awsAccount(asString(json['accessKeyId']), asString(json['secretAccessKey']), asString(json['sessionToken']), 'secretAccessKey')
  return { ...account, ...(region === undefined ? {} : { region }) }
}

function awsAccount(accessKeyId: string | undefined, secretAccessKey: string | undefined, sessionToken: string | undefined, secretName: string): Credential {
  if (!accessKeyId) return { wrong: 'the credential has no accessKeyId' }
  if (!secretAccessKey) return { wrong: `the access key has no secret: set ${secretName}` }
  return { secret: secretAccessKey, auth: 'sigv4', account: { kind: 'aws', accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
}

/** A service account, or in express mode a key. Contract H18 has the region in the service account's JSON. */
function googleCredential(row: ProviderRow, operator: OperatorProvider | undefined, env: Environment): Credential {
  const project = operator?.project ?? firstOf(env, ['GOOGLE_VERTEX_PROJECT', 'GOOGLE_CLOUD_PROJECT'])
  const region = operator?.location ?? operator?.region ?? firstOf(env, ['GOOGLE_VERTEX_LOCATION', 'GOOGLE_CLOUD_LOCATION'])
  const place: Credential = { ...(project === undefined ? {} : { project }), ...(region === undefined ? {} : { region }) }
  const own = operator?.serviceAccount ?? operator?.apiKey
  const text = own ?? firstOf(env, row.env.length > 0 ? row.env : ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_VERTEX_API_KEY'])
  if (text === undefined) return place
  const isKey = operator?.serviceAccount === undefined && (operator?.apiKey === undefined ? text === env['GOOGLE_VERTEX_API_KEY'] : !isJson(text))
  // A key alone calls in express mode, which knows no project: one that only the environment names is another program's.
  if (isKey) return { ...(operator?.project === undefined ? {} : place), secret: text, auth: 'x-goog-api-key' }
  const read = readServiceAccount(text)
  if (!read.ok) return { ...place, wrong: read.why }
  const inJson = { project: read.project, region: asString(read.json['region']) }
  const named = { project: project ?? inJson.project, region: region ?? inJson.region ?? 'global' }
  if (named.project === undefined) return { ...place, wrong: 'the service account names no project: set project' }
  return { secret: read.account.privateKey, account: read.account, auth: 'google-jwt', project: named.project, region: named.region }
}

/** A key with the resource that it is for, or contract H16's list: one of these, and ownEndpoints with keys of their own. */
function azureCredential(text: string | undefined, operator: OperatorProvider | undefined, env: Environment): Credential {
  const resource = operator?.resource ?? firstOf(env, ['AZURE_RESOURCE_NAME'])
  const place = resource === undefined ? {} : { resource }
  if (text === undefined) return place
  if (!isJson(text)) return { ...place, secret: text }
  const entries = parseList(text)
  if (!entries) return { ...place, wrong: 'the credential is not JSON' }
  const ownEndpoints = entries.flatMap(ownEndpointOf)
  const main = entries.find((entry) => typeof entry['resource_name'] === 'string' && typeof entry['api_key'] === 'string')
  if (!main && ownEndpoints.length === 0) return { ...place, wrong: 'the credential names neither a resource_name nor a deployment, each with an api_key' }
  const also = ownEndpoints.length > 0 ? { ownEndpoints } : {}
  if (!main) return { ...place, ...also }
  // Both were found to be texts above.
  const found = { secret: String(main['api_key']), resource: String(main['resource_name']) }
  return { ...also, ...found, isFoundry: main['resource_type'] === 'ai_foundry' }
}

function ownEndpointOf(entry: JsonObject): OwnEndpoint[] {
  const [modelId, url, secret, upstreamId] = ['model_slug', 'endpoint_url', 'api_key', 'model_id'].map((field) => asString(entry[field]))
  if (!modelId || !url || !secret || !URL.canParse(url)) return []
  return [{ modelId, url, secret, upstreamId: upstreamId ?? modelId }]
}

/** True for a credential that is JSON and no word. */
export function isJson(text: string): boolean {
  return /^\s*[[{]/.test(text)
}

function parseList(text: string): readonly JsonObject[] | undefined {
  const list: Json | undefined = parseObject(`{"list":${text}}`)?.['list']
  return isObject(list) ? [list] : asArray(list)?.filter(isObject)
}
