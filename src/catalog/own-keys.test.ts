import { describe, expect, test } from 'bun:test'
import { EMPTY_OPERATOR_FILE } from './operator-file.ts'
import { readCallerCredential } from './caller-credential.ts'
import type { Endpoint, OwnKey, Snapshot } from './endpoint.ts'
import { withOwnKeys, type UsableKey } from './own-keys.ts'
import { buildSnapshot } from './snapshot.ts'

const ENV = { OPENAI_API_KEY: 'sk-of-the-operator', AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'AKIAOPERATOROPERATOR', AWS_SECRET_ACCESS_KEY: 'operators-secret', AZURE_RESOURCE_NAME: 'operators', AZURE_API_KEY: 'azure-of-the-operator', GOOGLE_VERTEX_PROJECT: 'operators-project' }
const snapshot = buildSnapshot({ env: ENV, version: 1, operator: { ...EMPTY_OPERATOR_FILE, providers: [{ slug: 'anthropic', apiKey: 'sk-ant-operator', headers: { 'x-team': 'operators' }, concurrencyMax: 3 }] } })

const mark: OwnKey = { id: 'k1', label: 'mine', order: 0, isFallback: false, feeBasisPoints: 0 }

function usable(provider: string, text: string, more: Partial<UsableKey> = {}): UsableKey {
  const read = readCallerCredential(provider, text)
  if (!read.ok) throw new Error(read.why)
  return { mark, accountId: 'default', provider, models: undefined, alwaysUse: false, endpoints: snapshot.endpointsWith?.(provider, read.credential) ?? [], ...more }
}

function own(seen: Snapshot, model: string): readonly Endpoint[] {
  return (seen.models.get(model)?.endpoints ?? []).filter(({ ownKey }) => ownKey)
}

/** Every text in an object, however deep. */
function texts(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Set ? [...inner] : inner instanceof Map ? [...inner] : typeof inner === 'bigint' ? String(inner) : inner))
}

describe('copies of endpoints with own keys (H12)', () => {
  test('stand before the shared endpoints, a fallback behind them, in the order of the keys', () => {
    const second: UsableKey = { ...usable('openai', 'sk-two'), mark: { ...mark, id: 'k2' } }
    const last: UsableKey = { ...usable('openai', 'sk-three'), mark: { ...mark, id: 'k3', isFallback: true } }
    const seen = withOwnKeys(snapshot, [usable('openai', 'sk-one'), second, last])
    const shared = snapshot.models.get('openai/gpt-5-mini')?.endpoints ?? []
    const endpoints = seen.models.get('openai/gpt-5-mini')?.endpoints ?? []
    expect(endpoints.map(({ ownKey }) => ownKey?.id ?? '')).toEqual(['k1', 'k2', ...shared.map(() => ''), 'k3'])
    expect(new Set(endpoints.map(({ id }) => id)).size).toBe(endpoints.length)
    expect(endpoints.slice(0, 2).map(({ provider }) => provider.credential)).toEqual(['sk-one', 'sk-two'])
    expect(endpoints[0]?.alternatives?.[0]).toMatchObject({ provider: { dialect: 'openai-responses', credential: 'sk-one' }, ownKey: mark })
    expect(seen.models.get('anthropic/claude-haiku-4.5')).toBe(snapshot.models.get('anthropic/claude-haiku-4.5'))
  })

  test('hold nothing of the operator: not its credential, its headers, its project or its region', () => {
    const service = JSON.stringify({ type: 'service_account', project_id: 'callers-project', client_email: 'a@b.iam.gserviceaccount.com', private_key: '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n', token_uri: 'https://oauth2.googleapis.com/token', region: 'europe-west4' })
    const aws = JSON.stringify({ accessKeyId: 'AKIACALLERCALLER', secretAccessKey: 'callers/secret', region: 'eu-west-1' })
    for (const key of [usable('openai', 'sk-caller'), usable('anthropic', 'sk-ant-caller'), usable('amazon-bedrock', aws), usable('google-vertex', service), usable('azure', '[{"api_key":"caller","resource_name":"callers"}]')]) {
      expect(Array.isArray(key.endpoints) && key.endpoints.length).toBeGreaterThan(0)
      expect(texts(key.endpoints)).not.toMatch(/operator/i)
    }
  })

  test('H17: Bedrock is called in the region of the caller, by the offers there are for it', () => {
    const seen = withOwnKeys(snapshot, [usable('amazon-bedrock', '{"accessKeyId":"AKIACALLERCALLER","secretAccessKey":"callers/secret","region":"eu-west-1"}')])
    const copies = own(seen, 'anthropic/claude-haiku-4.5')
    expect(copies.length).toBeGreaterThan(0)
    for (const { provider, upstreamId } of copies) {
      expect(provider).toMatchObject({ baseUrl: 'https://bedrock-runtime.eu-west-1.amazonaws.com', auth: 'sigv4', region: 'eu-west-1' })
      expect(upstreamId).not.toStartWith('us.')
    }
    expect(own(withOwnKeys(snapshot, [usable('amazon-bedrock', 'ABSKbedrock')]), 'anthropic/claude-haiku-4.5')[0]?.provider).toMatchObject({ auth: 'bearer', region: 'us-east-1', credential: 'ABSKbedrock' })
  })

  test('H18: Vertex is called in the project and region of the service account', () => {
    const service = JSON.stringify({ type: 'service_account', project_id: 'callers-project', client_email: 'a@b.iam.gserviceaccount.com', private_key: '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n', region: 'europe-west4', bucket: 'my-bucket' })
    const [copy] = own(withOwnKeys(snapshot, [usable('google-vertex', service)]), 'google/gemini-2.5-flash')
    expect(copy?.provider).toMatchObject({ project: 'callers-project', region: 'europe-west4', baseUrl: 'https://europe-west4-aiplatform.googleapis.com', account: { tokenUrl: 'https://oauth2.googleapis.com/token' } })
  })

  test('H16: a deployment of Azure goes before the resource, and alone it is the only endpoint', () => {
    const deployment = { model_slug: 'openai/gpt-4o', endpoint_url: 'https://mine.openai.azure.com/openai/deployments/four/chat/completions?api-version=2024-10-21', api_key: 'of-deployment', model_id: 'four' }
    const both = withOwnKeys(snapshot, [usable('azure', JSON.stringify([{ api_key: 'of-resource', resource_name: 'mine', resource_type: 'ai_foundry' }, deployment]))])
    expect(own(both, 'openai/gpt-4o')[0]).toMatchObject({ upstreamId: 'four', provider: { credential: 'of-deployment', callUrl: deployment.endpoint_url } })
    expect(own(both, 'openai/gpt-4o-mini')[0]?.provider).toMatchObject({ credential: 'of-resource', baseUrl: 'https://mine.services.ai.azure.com/openai/v1' })
    const alone = withOwnKeys(snapshot, [usable('azure', JSON.stringify(deployment), { alwaysUse: true })])
    expect(own(alone, 'openai/gpt-4o')).toHaveLength(1)
    expect(own(alone, 'openai/gpt-4o-mini')).toHaveLength(0)
    // What the key is not for still goes to shared capacity.
    expect(alone.models.get('openai/gpt-4o-mini')?.endpoints.find(({ tag }) => tag === 'azure')?.provider.notReady).toBeUndefined()
    expect(alone.models.get('openai/gpt-4o')?.endpoints.find(({ tag, ownKey }) => tag === 'azure' && !ownKey)?.provider.notReady).toBe('your own key is always used for this provider')
  })

  test('"always use": what the key is for has no shared endpoint of its provider, also when the key cannot be used', () => {
    const seen = withOwnKeys(snapshot, [{ ...usable('openai', 'sk-one'), alwaysUse: true, models: ['openai/gpt-5-mini'], endpoints: { wrong: 'its master key is not here' } }])
    const [copy, shared] = (seen.models.get('openai/gpt-5-mini')?.endpoints ?? []).filter(({ provider }) => provider.slug === 'openai')
    expect(copy?.provider.notReady).toBe('its master key is not here')
    expect(shared?.provider.notReady).toBe('your own key is always used for this provider')
    expect(seen.models.get('openai/gpt-4o')).toBe(snapshot.models.get('openai/gpt-4o'))
  })

  test('H13: a key is for the models it names, by any of their names, or all of an author', () => {
    for (const models of [['openai/gpt-5-mini'], ['openai/*']]) expect(own(withOwnKeys(snapshot, [usable('openai', 'sk-one', { models })]), 'openai/gpt-5-mini')).toHaveLength(1)
    expect(own(withOwnKeys(snapshot, [usable('openai', 'sk-one', { models: ['openai/gpt-4o'] })]), 'openai/gpt-5-mini')).toHaveLength(0)
    expect(own(withOwnKeys(snapshot, [usable('openai', 'sk-one', { models: [] })]), 'openai/gpt-5-mini')).toHaveLength(0)
  })
})

describe('credentials that callers bring', () => {
  const PEM = '-----BEGIN PRIVATE KEY-----\\nx\\n-----END PRIVATE KEY-----\\n'
  const account = (more: string) => `{"type":"service_account","project_id":"p1","client_email":"a@b.c","private_key":"${PEM}"${more}}`
  test.each([
    ['openai', 'two words', /one word/], ['openai', 'schl\u00fcssel', /one word/], ['openai', 'x'.repeat(40_000), /longer/],
    ['azure', 'plain-key', /JSON that Azure needs/], ['azure', '[]', /JSON that Azure needs/], ['azure', '[{"resource_name":"x"}]', /no api_key/],
    ['azure', '[{"api_key":"k","resource_name":"evil.example/x?"}]', /resource_name/], ['azure', '[{"api_key":"k","resource_name":"r","resource_type":"other"}]', /resource_type/],
    ...['http://mine.openai.azure.com/x', 'https://evil.example/x', 'https://mine.openai.azure.com.evil.example/x', 'https://mine.openai.azure.com:8443/x', 'https://169.254.169.254/x', 'https://a:b@mine.openai.azure.com/', 'https://openai.azure.com@evil.example/x', 'file:///etc/passwd']
      .map((url) => ['azure', JSON.stringify({ model_slug: 'openai/gpt-4o', endpoint_url: url, api_key: 'k', model_id: 'm' }), /endpoint_url that is not Azure's/] as const),
    ['amazon-bedrock', '{"accessKeyId":"AKIAAAAAAAAAAAAA","secretAccessKey":"s","region":"x.evil.example/"}', /region/], ['amazon-bedrock', '{"accessKeyId":"AKIAAAAAAAAAAAAA"}', /secretAccessKey/], ['amazon-bedrock', '{nope', /JSON/],
    ['google-vertex', account(',"token_uri":"http://169.254.169.254/token"'), /token_uri that is not Google's/], ['google-vertex', account(',"region":"evil.example/"'), /region/], ['google-vertex', account(',"bucket":"gs://b/path"'), /bucket/],
    ['google-vertex', account('').replace('"p1"', '"../../x"'), /project_id/], ['google-vertex', '["/etc/passwd"]', /one object/], ['google-vertex', '{"type":"authorized_user"}', /service account/],
  ] as const)('%s: refused, %#', (slug, text, why) => {
    const read = readCallerCredential(slug, text)
    expect(read.ok ? '' : read.why).toMatch(why)
  })

  test('a word of Vertex is never the path of a file', () => {
    const read = readCallerCredential('google-vertex', '/etc/passwd')
    expect(read).toMatchObject({ ok: true, credential: { apiKey: '/etc/passwd' } })
    const copies = read.ok ? snapshot.endpointsWith?.('google-vertex', read.credential) ?? [] : []
    expect(copies[0]?.provider).toMatchObject({ auth: 'x-goog-api-key', credential: '/etc/passwd' })
  })
})
