import { asArray, asString, isObject, parseObject, type JsonObject } from '../core/json.ts'
import { isJson } from './credential.ts'
import type { OperatorProvider } from './operator-file.ts'
import { readServiceAccount } from './service-account.ts'

/** A credential that a caller brought, as parts of a provider: never an address. */
export type CallerCredential = Pick<OperatorProvider, 'apiKey' | 'serviceAccount' | 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'region'>

/** `shown`: the part of it that its label is made of. `why` completes "The key …", without the secret. */
export type CallerCredentialRead =
  | { readonly ok: true; readonly credential: CallerCredential; readonly shown: string }
  | { readonly ok: false; readonly why: string }

const CREDENTIAL_CHARS_MAX = 32_768

/** Where Bedrock's own keys are used, which do not say it. */
const BEDROCK_REGION = 'us-east-1'

/** Hosts of Azure's model endpoints. Whatever else a caller names would be told the caller's prompts by this server, or be one of its neighbours. */
const AZURE_HOSTS = /^[a-z0-9][a-z0-9-]{0,62}(?:\.[a-z0-9-]{1,63})?\.(?:openai\.azure\.com|services\.ai\.azure\.com|cognitiveservices\.azure\.com|inference\.ai\.azure\.com|models\.ai\.azure\.com)$/

/** Google's own addresses for tokens. A service account's JSON says one of them; a caller's may say no other. */
const GOOGLE_TOKEN_URLS: ReadonlySet<string> = new Set(['https://oauth2.googleapis.com/token', 'https://accounts.google.com/o/oauth2/token', 'https://www.googleapis.com/oauth2/v4/token'])

/**
 * Reads a credential that a caller brings for a provider (our slug): one word, or for clouds the JSON of contract H16–H18. What
 * becomes part of an address is checked here, so that no caller can send this server anywhere but to the provider.
 */
export function readCallerCredential(slug: string, text: string): CallerCredentialRead {
  if (text.length > CREDENTIAL_CHARS_MAX) return wrong(`is longer than ${CREDENTIAL_CHARS_MAX} characters`)
  if (slug === 'azure') return readAzure(text)
  if (slug === 'amazon-bedrock') return readBedrock(text)
  if (slug === 'google-vertex') return readVertex(text)
  return readWord(text)
}

function wrong(why: string): CallerCredentialRead {
  return { ok: false, why }
}

/** What is not visible ASCII cannot stand in a header. */
function isWord(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text)
}

function readWord(text: string): CallerCredentialRead {
  const word = text.trim()
  return isWord(word) ? { ok: true, credential: { apiKey: word }, shown: word } : wrong('must be one word of visible ASCII characters: blanks, line breaks or other letters got into it')
}

/** H16: a list of resources and of deployments, each with a key of its own. */
function readAzure(text: string): CallerCredentialRead {
  const list = isJson(text) ? parseObject(`{"list":${text}}`)?.['list'] : undefined
  const entries = asArray(list) ?? (list === undefined ? [] : [list])
  if (entries.length === 0) return wrong('must be the JSON that Azure needs: [{"api_key": "…", "resource_name": "…", "resource_type": "openai"}], or one object for each deployment with model_slug, endpoint_url, api_key and model_id')
  for (const [at, entry] of entries.entries()) {
    const why = isObject(entry) ? azureProblem(entry) : 'is no object'
    if (why !== undefined) return wrong(`has an entry ${at} that ${why}`)
  }
  return { ok: true, credential: { apiKey: text }, shown: String(entries.filter(isObject)[0]?.['api_key'] ?? '') }
}

function azureProblem(entry: JsonObject): string | undefined {
  const [apiKey, resource, kind, model, url] = ['api_key', 'resource_name', 'resource_type', 'model_slug', 'endpoint_url'].map((field) => asString(entry[field]))
  if (!apiKey || !isWord(apiKey)) return 'has no api_key of one word'
  if (model !== undefined || url !== undefined) {
    if (!model || !url) return 'is of a deployment, and lacks model_slug or endpoint_url'
    return isAzureUrl(url) ? undefined : "has an endpoint_url that is not Azure's: https://<resource>.openai.azure.com/… or one of its other hosts"
  }
  if (!resource || !/^[a-z0-9][a-z0-9-]{0,62}$/i.test(resource)) return 'has no resource_name of letters, digits and dashes'
  return kind === undefined || kind === 'openai' || kind === 'ai_foundry' ? undefined : 'has a resource_type that is neither openai nor ai_foundry'
}

function isAzureUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname, port, username, password } = new URL(text)
  return protocol === 'https:' && port === '' && username === '' && password === '' && AZURE_HOSTS.test(hostname)
}

/** H17: a key of Bedrock's own, or an identity that signs. */
function readBedrock(text: string): CallerCredentialRead {
  if (!isJson(text)) {
    const read = readWord(text)
    return read.ok ? { ...read, credential: { ...read.credential, region: BEDROCK_REGION } } : read
  }
  const json = parseObject(text)
  if (!json) return wrong('looks like JSON, and is not')
  const [accessKeyId, secretAccessKey, region, sessionToken] = ['accessKeyId', 'secretAccessKey', 'region', 'sessionToken'].map((field) => asString(json[field]))
  if (!accessKeyId || !/^\w{16,128}$/.test(accessKeyId)) return wrong('has no accessKeyId')
  if (!secretAccessKey || !isWord(secretAccessKey)) return wrong('has no secretAccessKey')
  if (!region || !/^[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}$/.test(region)) return wrong('has no region of AWS, as us-east-1')
  if (sessionToken !== undefined && !isWord(sessionToken)) return wrong('has a sessionToken that is not one word')
  return { ok: true, credential: { accessKeyId, secretAccessKey, region, ...(sessionToken === undefined ? {} : { sessionToken }) }, shown: accessKeyId }
}

/** H18: a service account's JSON, with a region where it should answer; or a key of express mode. */
function readVertex(text: string): CallerCredentialRead {
  if (!isJson(text)) return readWord(text)
  const json = parseObject(text)
  if (!json) return wrong('looks like JSON, and is not one object')
  const read = readServiceAccount(text.trimStart())
  if (!read.ok) return wrong(`cannot be used: ${read.why}`)
  const [project, region, bucket, tokenUrl] = ['project_id', 'region', 'bucket', 'token_uri'].map((field) => asString(json[field]))
  if (!project || !/^[a-z0-9][a-z0-9.:-]{0,99}$/.test(project)) return wrong('has no project_id')
  if (json['region'] !== undefined && !/^(?:global|us|eu|[a-z]+(?:-[a-z]+)+\d{1,2})$/.test(region ?? '')) return wrong('has a region that is none of Google\'s, as global or us-central1')
  if (json['bucket'] !== undefined && !/^[a-z0-9][a-z0-9._-]{1,221}[a-z0-9]$/.test(bucket ?? '')) return wrong('has a bucket that is no name of one: without gs:// and without a path')
  if (json['token_uri'] !== undefined && !GOOGLE_TOKEN_URLS.has(tokenUrl ?? '')) return wrong("has a token_uri that is not Google's: https://oauth2.googleapis.com/token")
  return { ok: true, credential: { serviceAccount: text.trimStart() }, shown: read.account.email }
}
