import { describe, expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Provider } from './endpoint.ts'
import { parseOperatorFile } from './operator.ts'
import { buildSnapshot } from './snapshot.ts'

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } }).privateKey
const ACCOUNT = { type: 'service_account', project_id: 'p1', private_key_id: 'k1', private_key: privateKey, client_email: 'a@p1.iam.gserviceaccount.com', token_uri: 'https://oauth2.googleapis.com/token' }
const FILE = join(mkdtempSync(join(tmpdir(), 'switchyard-account-')), 'account.json')
writeFileSync(FILE, JSON.stringify(ACCOUNT))

type Environment = Readonly<Record<string, string>>

/** A provider of the catalogue, with this environment and what the operator's file says of it. */
function provider(slug: string, env: Environment, yaml = ''): Provider {
  const read = parseOperatorFile(yaml, { file: 'switchyard.yaml', env, isBuiltIn: (name) => ['google-vertex', 'amazon-bedrock', 'azure', 'cohere', 'mistral', 'openai'].includes(name) })
  if (!read.ok) throw new Error(read.errors.map((error) => `${error.path}: ${error.message}`).join('\n'))
  const found = buildSnapshot({ env, version: 1, operator: read.file }).providers.get(slug)
  if (!found) throw new Error(`no provider ${slug}`)
  return found
}

function problems(yaml: string): string[] {
  const read = parseOperatorFile(yaml, { file: 'switchyard.yaml', env: {}, isBuiltIn: () => true })
  return read.ok ? [] : read.errors.map((error) => `${error.path}: ${error.message}`)
}

describe('Bedrock', () => {
  const REGION = { AWS_REGION: 'eu-central-1' }

  test('a key of its own is a bearer', () => {
    expect(provider('amazon-bedrock', { ...REGION, AWS_BEARER_TOKEN_BEDROCK: 'b' })).toMatchObject({ auth: 'bearer', credential: 'b', region: 'eu-central-1', baseUrl: 'https://bedrock-runtime.eu-central-1.amazonaws.com' })
    expect(provider('amazon-bedrock', REGION, 'providers: { amazon-bedrock: { api_key: k } }')).toMatchObject({ auth: 'bearer', credential: 'k' })
  })

  test('an identity signs', () => {
    const env = { ...REGION, AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' }
    expect(provider('amazon-bedrock', env)).toMatchObject({ auth: 'sigv4', account: { kind: 'aws', accessKeyId: 'AKIA1', secretAccessKey: 's', sessionToken: 't' } })
    expect(provider('amazon-bedrock', env).notReady).toBeUndefined()
  })

  test('the operator’s comes before the environment’s, and names its region', () => {
    const found = provider('amazon-bedrock', { AWS_BEARER_TOKEN_BEDROCK: 'b', AWS_REGION: 'us-east-1' }, 'providers: { amazon-bedrock: { access_key_id: AKIA2, secret_access_key: s2, region: ap-south-1 } }')
    expect(found).toMatchObject({ auth: 'sigv4', region: 'ap-south-1', baseUrl: 'https://bedrock-runtime.ap-south-1.amazonaws.com', account: { accessKeyId: 'AKIA2' } })
    expect(found.account).not.toHaveProperty('sessionToken')
  })

  test('the contract’s JSON is an identity too (H17)', () => {
    const text = JSON.stringify({ accessKeyId: 'AKIA3', secretAccessKey: 's3', region: 'us-west-2' })
    expect(provider('amazon-bedrock', { AWS_BEARER_TOKEN_BEDROCK: text })).toMatchObject({ auth: 'sigv4', region: 'us-west-2', baseUrl: 'https://bedrock-runtime.us-west-2.amazonaws.com' })
  })

  test('what is missing is named', () => {
    expect(provider('amazon-bedrock', { AWS_BEARER_TOKEN_BEDROCK: 'b' }).notReady).toBe('no address: set AWS_REGION')
    expect(provider('amazon-bedrock', { ...REGION, AWS_ACCESS_KEY_ID: 'a' }).notReady).toBe('the access key has no secret: set AWS_SECRET_ACCESS_KEY')
    expect(provider('amazon-bedrock', { ...REGION, AWS_BEARER_TOKEN_BEDROCK: '{"accessKeyId":"a"}' }).notReady).toContain('secretAccessKey')
    expect(provider('amazon-bedrock', { ...REGION, AWS_BEARER_TOKEN_BEDROCK: '{oops' }).notReady).toBe('the credential is not JSON')
    expect(problems('providers: { amazon-bedrock: { access_key_id: a } }')).toEqual(['providers.amazon-bedrock.access_key_id: has no secret_access_key beside it'])
  })

  test('another address of it wants a key, which an identity is not', () => {
    const snapshot = buildSnapshot({ env: { ...REGION, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' }, version: 1 })
    expect(snapshot.models.get('openai/gpt-5.5')?.endpoints.find((endpoint) => endpoint.tag === 'amazon-bedrock')?.provider.notReady).toBe('no credential: set AWS_BEARER_TOKEN_BEDROCK')
  })
})

describe('Vertex', () => {
  test('a service account by its file: project of its own, everywhere', () => {
    expect(provider('google-vertex', { GOOGLE_APPLICATION_CREDENTIALS: FILE })).toMatchObject({ auth: 'google-jwt', project: 'p1', region: 'global', baseUrl: 'https://aiplatform.googleapis.com', account: { kind: 'google', email: 'a@p1.iam.gserviceaccount.com', keyId: 'k1' } })
  })

  test('project and location of the environment, and of the operator before them', () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: FILE, GOOGLE_CLOUD_PROJECT: 'p2', GOOGLE_CLOUD_LOCATION: 'us-east5' }
    expect(provider('google-vertex', env)).toMatchObject({ project: 'p2', region: 'us-east5', baseUrl: 'https://us-east5-aiplatform.googleapis.com' })
    expect(provider('google-vertex', env, 'providers: { google-vertex: { project: p3, location: eu } }')).toMatchObject({ project: 'p3', region: 'eu', baseUrl: 'https://aiplatform.eu.rep.googleapis.com' })
  })

  test('the operator’s as a path, a text and a map', () => {
    for (const account of [FILE, JSON.stringify(JSON.stringify(ACCOUNT)), JSON.stringify(ACCOUNT)]) {
      expect(provider('google-vertex', {}, `providers: { google-vertex: { service_account: ${account} } }`)).toMatchObject({ auth: 'google-jwt', project: 'p1', account: { privateKey } })
    }
  })

  test('the contract’s JSON with its region (H18)', () => {
    expect(provider('google-vertex', {}, `providers: { google-vertex: { api_key: ${JSON.stringify(JSON.stringify({ ...ACCOUNT, region: 'europe-west1', bucket: 'b' }))} } }`)).toMatchObject({ auth: 'google-jwt', region: 'europe-west1' })
  })

  test('a key alone is express mode, whatever project the environment names', () => {
    const found = provider('google-vertex', { GOOGLE_CLOUD_PROJECT: 'p2' }, 'providers: { google-vertex: { api_key: AIza1 } }')
    expect(found).toMatchObject({ auth: 'x-goog-api-key', credential: 'AIza1', baseUrl: 'https://aiplatform.googleapis.com' })
    expect(found).not.toHaveProperty('project')
    expect(provider('google-vertex', { GOOGLE_VERTEX_API_KEY: 'AIza2' })).toMatchObject({ auth: 'x-goog-api-key', credential: 'AIza2' })
    expect(provider('google-vertex', {}, 'providers: { google-vertex: { api_key: AIza1, project: p9 } }')).toMatchObject({ project: 'p9', auth: 'x-goog-api-key' })
  })

  test('a second account is a provider of the operator’s, without an address', () => {
    expect(provider('vertex-eu', {}, `providers: { vertex-eu: { dialect: vertex, service_account: ${FILE}, location: europe-west4 } }`)).toMatchObject({ baseUrl: 'https://europe-west4-aiplatform.googleapis.com', dialect: 'vertex' })
  })

  test('what is wrong is said, and the secret is not', () => {
    expect(provider('google-vertex', { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json' }).notReady).toBe("the service account's file /nowhere.json cannot be read")
    for (const [account, says] of [[{ ...ACCOUNT, type: 'authorized_user' }, 'authorized_user'], [{ ...ACCOUNT, client_email: '' }, 'client_email'], [{ ...ACCOUNT, private_key: 'sesame' }, 'PEM']] as const) {
      const [problem = ''] = problems(`providers: { google-vertex: { service_account: ${JSON.stringify(account)} } }`)
      expect(problem).toContain(says)
      expect(problem).not.toContain('sesame')
      expect(problem).not.toContain('BEGIN')
    }
    expect(problems(`providers: { google-vertex: { service_account: ${FILE}, api_key: k } }`)[0]).toContain('give one of them')
    expect(problems('providers: { google-vertex: { location: "../x" } }')[0]).toContain('must be a name')
  })
})

describe('Azure', () => {
  test('its resource is part of the address', () => {
    expect(provider('azure', { AZURE_API_KEY: 'k' }, 'providers: { azure: { resource: mine } }')).toMatchObject({ baseUrl: 'https://mine.openai.azure.com/openai/v1', auth: 'api-key' })
  })

  test('the contract’s JSON names it, and whether it is of Foundry (H16)', () => {
    const text = (more: object) => JSON.stringify([{ api_key: 'k1', resource_name: 'mine', ...more }])
    expect(provider('azure', { AZURE_API_KEY: text({}) })).toMatchObject({ credential: 'k1', baseUrl: 'https://mine.openai.azure.com/openai/v1' })
    expect(provider('azure', { AZURE_API_KEY: text({ resource_type: 'ai_foundry' }) })).toMatchObject({ baseUrl: 'https://mine.services.ai.azure.com/openai/v1' })
  })

  test('a deployment of its own goes before the resource, for its model only', () => {
    const own = { model_slug: 'openai/gpt-4o', endpoint_url: 'https://other.openai.azure.com/openai/deployments/four/chat/completions?api-version=2024-10-21', api_key: 'k2', model_id: 'four' }
    const snapshot = buildSnapshot({ env: { AZURE_API_KEY: JSON.stringify([{ api_key: 'k1', resource_name: 'mine' }, own]) }, version: 1 })
    const at = (model: string) => snapshot.models.get(model)?.endpoints.find((endpoint) => endpoint.tag === 'azure')
    expect(at('openai/gpt-4o')).toMatchObject({ upstreamId: 'four', provider: { callUrl: own.endpoint_url, credential: 'k2' } })
    expect(at('openai/gpt-4o-mini')).toMatchObject({ upstreamId: 'gpt-4o-mini', provider: { credential: 'k1' } })
    expect(at('openai/gpt-4o-mini')?.provider).not.toHaveProperty('callUrl')
  })

  test('what names nothing is no credential', () => {
    expect(provider('azure', { AZURE_API_KEY: '[{}]', AZURE_RESOURCE_NAME: 'r' }).notReady).toContain('neither a resource_name nor a deployment')
    expect(provider('azure', { AZURE_API_KEY: '[oops', AZURE_RESOURCE_NAME: 'r' }).notReady).toBe('the credential is not JSON')
    expect(problems("providers: { azure: { api_key: '[oops' } }")[0]).toContain('looks like JSON')
  })
})

test('Mistral is OpenAI’s dialect with its own quirks', () => {
  const found = provider('mine', {}, 'providers: { mine: { dialect: mistral, base_url: "https://api.mistral.ai/v1", api_key: k, quirks: [no_seed] } }')
  expect(found.dialect).toBe('openai-chat')
  for (const quirk of ['mistral_tool_ids', 'tool_choice_any', 'no_seed']) expect(found.quirks.has(quirk)).toBe(true)
})

test('Cohere speaks its own dialect', () => {
  expect(provider('cohere', { COHERE_API_KEY: 'k' })).toMatchObject({ dialect: 'cohere', baseUrl: 'https://api.cohere.com', auth: 'bearer' })
})
