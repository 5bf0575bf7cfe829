import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cli } from './cli.ts'
import { databaseUrlOf } from './engine.ts'
import { startGateway, type Gateway } from './server.ts'

// Master keys and secrets that are kept elsewhere, on the whole program: with a Vault that has them, and a provider that knows which it was shown.

const directory = mkdtempSync(join(tmpdir(), 'switchyard-byok-'))
const dataDir = join(directory, 'data')
const shown: string[] = []
let live = new Set<string>()
const provider = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch(request) {
  const key = (request.headers.get('authorization') ?? '').replace('Bearer ', '')
  shown.push(key)
  if (!live.has(key)) return Response.json({ error: { message: 'no such key' } }, { status: 401 })
  return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })
} })
const kv: Record<string, Record<string, string>> = { '/v1/kv/data/openai': { key: 'sk-vault-one' }, '/v1/kv/data/groq': { key: 'sk-operators' } }
const vault = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch(request) {
  if (request.headers.get('x-vault-token') !== 'a-token') return Response.json({ errors: ['permission denied'] }, { status: 403 })
  const data = kv[new URL(request.url).pathname]
  return data ? Response.json({ data: { data } }) : Response.json({ errors: [] }, { status: 404 })
} })

const MODELS = 'models: [{ id: acme/one, price: { input: "1", output: "1" } }]'
const CONFIG = `providers:
  openai: { base_url: "http://127.0.0.1:${provider.port}/v1", api_key: sk-shared, ${MODELS} }
  groq: { base_url: "http://127.0.0.1:${provider.port}/v1", api_key: "vault://kv/groq#key", ${MODELS} }
`
const ENV = { VAULT_ADDR: `http://127.0.0.1:${vault.port}`, VAULT_TOKEN: 'a-token' }

/** Where the store is, for a command beside the server. */
function storeOf(dataDir: string): { databaseUrl?: string } {
  const databaseUrl = databaseUrlOf(dataDir)
  return databaseUrl === undefined ? {} : { databaseUrl }
}

let gateway: Gateway | undefined
const start = async (env: Record<string, string> = {}): Promise<Gateway> => (gateway = await startGateway({ config: CONFIG, env: { ...ENV, ...env }, dataDir }))
afterAll(async () => {
  await gateway?.stop()
  void provider.stop(true)
  void vault.stop(true)
  rmSync(directory, { recursive: true, force: true })
}, 30_000)

async function byok(words: readonly string[], options: { readonly stdin?: string; readonly env?: Record<string, string> } = {}): Promise<{ code: number; out: string; err: string }> {
  return await cli(directory, ['byok', ...words, '--data', dataDir], { ...options, ...storeOf(dataDir), env: options.env ?? {} })
}

/** The key that a call was answered with; undefined when it was refused. */
async function keyOf(provider: string): Promise<string | undefined> {
  const answer = await gateway?.api('/chat/completions', { model: 'acme/one', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5, provider: { only: [provider] } })
  await answer?.text()
  return answer?.status === 200 ? shown.at(-1) : undefined
}

/** Calls until it is answered with this key: what was replaced elsewhere is seen soon after it was refused. */
async function untilKey(provider: string, key: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await keyOf(provider) === key) return
    await Bun.sleep(50)
  }
  expect(await keyOf(provider)).toBe(key)
}

describe('master keys and secrets elsewhere', () => {
  test('a key is brought at the command line, sealed anew by rekey, and opened after a restart; old master keys go when nothing needs them', async () => {
    live = new Set(['sk-shared', 'sk-own-key-of-the-caller', 'sk-operators'])
    await start()
    const added = await byok(['add', 'openai', '--name', 'mine'], { stdin: 'sk-own-key-of-the-caller\n' })
    expect(added).toMatchObject({ code: 0 })
    expect(added.out + added.err).not.toContain('sk-own-key-of-the-caller')
    expect(added.err).toContain('back it up')
    await untilKey('openai', 'sk-own-key-of-the-caller')
    const file = join(dataDir, 'master-key')
    const [first] = readFileSync(file, 'utf8').trim().split('\n')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await byok(['rekey'])).toMatchObject({ code: 0, out: '1 secret sealed anew\n' })
    expect(readFileSync(file, 'utf8').trim().split('\n')).toEqual([expect.any(String), first ?? ''])
    expect(await byok(['rekey', '--forget-old'])).toMatchObject({ code: 0 })
    expect(readFileSync(file, 'utf8')).not.toContain(first ?? '')
    expect((await byok(['list', '--json'])).out).not.toContain('sk-own-key-of-the-caller')
    await gateway?.stop()
    await start()
    await untilKey('openai', 'sk-own-key-of-the-caller')
  }, 60_000)

  test('without its master key an own key is not used, says so, and nothing new is sealed under another', async () => {
    await gateway?.stop()
    const other = Buffer.alloc(32, 7).toString('base64')
    await start({ SWITCHYARD_MASTER_KEY: other })
    expect(await keyOf('openai')).toBe('sk-shared')
    while (!gateway?.logs().includes('is sealed under a master key that is not here')) await Bun.sleep(20)
    const both = `${other},${readFileSync(join(dataDir, 'master-key'), 'utf8').trim()}`
    expect(await byok(['rekey', '--current'], { env: { SWITCHYARD_MASTER_KEY: both } })).toMatchObject({ code: 0, out: '1 secret sealed anew\n' })
    await gateway?.stop()
    await start({ SWITCHYARD_MASTER_KEY: other })
    expect(await keyOf('openai')).toBe('sk-own-key-of-the-caller')
    expect(await byok(['delete', 'mine'])).toMatchObject({ code: 0 })
    await untilKey('openai', 'sk-shared')
    await gateway?.stop()
    await start()
  }, 60_000)

  test('references: the operator\'s credential and an own key come from Vault, and are read again when a provider refuses them', async () => {
    live = new Set(['sk-shared', 'sk-vault-one', 'sk-operators'])
    expect(await keyOf('groq')).toBe('sk-operators')
    expect(await byok(['add', 'openai', '--name', 'kept', '--from', 'vault://kv/openai#key', '--always'])).toMatchObject({ code: 0, out: expect.stringContaining('added vault://kv/openai#key of openai') as string })
    await untilKey('openai', 'sk-vault-one')
    live = new Set(['sk-shared', 'sk-vault-two', 'sk-operators-two'])
    kv['/v1/kv/data/openai'] = { key: 'sk-vault-two' }
    kv['/v1/kv/data/groq'] = { key: 'sk-operators-two' }
    await untilKey('openai', 'sk-vault-two')
    await untilKey('groq', 'sk-operators-two')
    const logs = gateway?.logs() ?? ''
    for (const secret of ['sk-vault-one', 'sk-vault-two', 'sk-operators', 'a-token']) expect(logs).not.toContain(secret)
  }, 60_000)
})
