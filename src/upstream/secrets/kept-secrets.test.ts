import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { SignatureV4 } from '@smithy/signature-v4'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OperatorSecrets } from '../../catalog/operator-secrets.ts'
import { FakeClock } from '../../lib/clock.ts'
import { KeptSecrets } from './kept-secrets.ts'
import { Sha256 } from '../sigv4.fixture.ts'

// Against servers of our own that speak the two protocols: Vault's KV v2 with AppRole, and AWS's JSON 1.1 with signatures that are checked.

const kv = new Map<string, Record<string, unknown>>([['kv/data/providers/openai', { api_key: 'sk-from-vault' }]])
const vaultSaw: string[] = []
let tokens = new Set(['root-token'])
const vault = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
  const path = new URL(request.url).pathname.replace('/v1/', '')
  vaultSaw.push(`${request.method} ${path}`)
  if (path === 'auth/approle/login') {
    const { role_id: role, secret_id: secret } = await request.json() as Record<string, string>
    if (role !== 'the-role' || secret !== 'the-secret') return Response.json({ errors: ['invalid role or secret ID'] }, { status: 400 })
    const token = `hvs.${tokens.size}`
    tokens.add(token)
    return Response.json({ auth: { client_token: token, lease_duration: 3_600 } })
  }
  if (!tokens.has(request.headers.get('x-vault-token') ?? '') || request.headers.get('x-vault-namespace') !== 'team') return Response.json({ errors: ['permission denied'] }, { status: 403 })
  const data = kv.get(path)
  return data ? Response.json({ data: { data, metadata: { version: 1 } } }) : Response.json({ errors: [] }, { status: 404 })
} })

const asm = new Map([['prod/openai', '{"key":"sk-from-aws"}'], ['plain', 'sk-plain']])
const clock = new FakeClock(Date.parse('2026-11-21T02:00:00Z'))

/** The signature by AWS's own library, over what has arrived. */
async function expectedSignature(request: Request, body: string): Promise<string> {
  const signer = new SignatureV4({ credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'the-secret' }, region: 'eu-west-1', service: 'secretsmanager', sha256: Sha256, applyChecksum: false })
  const { hostname, pathname } = new URL(request.url)
  const names = /SignedHeaders=([^,]+)/.exec(request.headers.get('authorization') ?? '')?.[1]?.split(';') ?? []
  const headers = Object.fromEntries(names.filter((name) => name !== 'x-amz-date').map((name) => [name, request.headers.get(name) ?? '']))
  const signed = await signer.sign({ method: 'POST', protocol: 'http:', hostname, path: pathname, query: {}, headers, body }, { signingDate: new Date(clock.wallMs()) })
  return /Signature=(\w+)/.exec(signed.headers['authorization'] ?? '')?.[1] ?? ''
}

const aws = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
  const body = await request.text()
  const given = /Signature=(\w+)/.exec(request.headers.get('authorization') ?? '')?.[1]
  if (given === undefined || given !== await expectedSignature(request, body)) return Response.json({ __type: 'InvalidSignatureException', message: 'no' }, { status: 400 })
  if (request.headers.get('x-amz-target') !== 'secretsmanager.GetSecretValue') return Response.json({ __type: 'UnknownOperationException' }, { status: 400 })
  const { SecretId: name } = JSON.parse(body) as { SecretId: string }
  const text = asm.get(name)
  return text === undefined ? Response.json({ __type: 'com.amazonaws#ResourceNotFoundException' }, { status: 400 }) : Response.json({ ARN: 'arn', Name: name, SecretString: text })
} })

const directory = mkdtempSync(join(tmpdir(), 'switchyard-secrets-'))
const managers: KeptSecrets[] = []
afterAll(() => {
  for (const manager of managers) manager.close()
  void vault.stop(true)
  void aws.stop(true)
  rmSync(directory, { recursive: true })
})

const VAULT = `http://127.0.0.1:${vault.port}`
const AWS = { region: 'eu-west-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'the-secret', endpoint: `http://127.0.0.1:${aws.port}/` }

function manager(settings: OperatorSecrets, env: Record<string, string> = {}): KeptSecrets & { readonly troubles: string[] } {
  const troubles: string[] = []
  const made = new KeptSecrets({ settings: () => settings, env, clock, onTrouble: (what, detail) => troubles.push(`${what}: ${detail}`) })
  managers.push(made)
  return Object.assign(made, { troubles })
}

describe('secrets that are kept elsewhere', () => {
  beforeEach(() => {
    tokens = new Set(['root-token'])
    vaultSaw.length = 0
    kv.set('kv/data/providers/openai', { api_key: 'sk-from-vault' })
  })

  test('Vault with a token: a field of a secret of KV v2', async () => {
    const secrets = manager({ vault: { address: VAULT, token: 'root-token', namespace: 'team' } })
    expect(await secrets.value('vault://kv/providers/openai#api_key')).toEqual({ ok: true, text: 'sk-from-vault' })
    expect(await secrets.value('vault://kv/providers/openai#other')).toMatchObject({ ok: false, why: 'Vault has no field other in kv/providers/openai' })
    expect(await secrets.value('vault://kv/nothing#key')).toMatchObject({ ok: false, why: 'Vault answered 404 for kv/nothing' })
    expect(await secrets.value('vault://kv/../sys/x#key')).toMatchObject({ ok: false })
    expect(await secrets.value('vault://kv/providers/openai#api_key')).toMatchObject({ ok: true })
    expect(vaultSaw.filter((line) => line.endsWith('openai'))).toHaveLength(2)
  })

  test('Vault with an AppRole: one log-in for all, and another when its token was revoked', async () => {
    const secrets = manager({ vault: { address: VAULT, roleId: 'the-role', secretId: 'the-secret', namespace: 'team' } }, { VAULT_TOKEN: 'not-this-one' })
    expect(await secrets.value('vault://kv/providers/openai#api_key')).toEqual({ ok: true, text: 'sk-from-vault' })
    expect(await secrets.value('vault://kv/providers/openai#none')).toMatchObject({ ok: false })
    expect(vaultSaw.filter((line) => line.includes('login'))).toHaveLength(1)
    tokens = new Set(['root-token', 'a', 'b'])
    expect(await secrets.value('vault://kv/providers/openai#nothing')).toMatchObject({ ok: false, why: 'Vault has no field nothing in kv/providers/openai' })
    expect(vaultSaw.filter((line) => line.includes('login'))).toHaveLength(2)
    expect(await manager({ vault: { address: VAULT, roleId: 'the-role', secretId: 'wrong', namespace: 'team' } }).value('vault://kv/providers/openai#api_key')).toMatchObject({ ok: false, why: 'Vault answered 400 to the log-in of our role' })
  })

  test('AWS Secrets Manager: signed as AWS signs, with a field or whole', async () => {
    const secrets = manager({ aws: AWS })
    expect(await secrets.value('awssm://prod/openai#key')).toEqual({ ok: true, text: 'sk-from-aws' })
    expect(await secrets.value('awssm://plain')).toEqual({ ok: true, text: 'sk-plain' })
    expect(await secrets.value('awssm://nothing')).toMatchObject({ ok: false, why: 'AWS Secrets Manager answered 400 ResourceNotFoundException for nothing' })
    expect(await manager({ aws: { ...AWS, secretAccessKey: 'another' } }).value('awssm://plain')).toMatchObject({ ok: false, why: 'AWS Secrets Manager answered 400 InvalidSignatureException for plain' })
  })

  test('the environment and files', async () => {
    const path = join(directory, 'key')
    writeFileSync(path, 'sk-from-file\n')
    const secrets = manager({}, { OPENAI: 'sk-from-env' })
    expect(await secrets.value('env://OPENAI')).toEqual({ ok: true, text: 'sk-from-env' })
    expect(await secrets.value(`file://${path}`)).toEqual({ ok: true, text: 'sk-from-file' })
    expect(await secrets.value('env://NOTHING')).toEqual({ ok: false, why: 'the environment has no NOTHING' })
    expect(await secrets.value('file:///nowhere/at-all')).toMatchObject({ why: 'the file /nowhere/at-all cannot be read (ENOENT)' })
    expect(await secrets.value('vault://kv/x#y')).toMatchObject({ why: "no Vault is set up: VAULT_ADDR, or secrets.vault.address in the operator's file" })
  })

  test('what a provider refused is read again, and who uses it hears of the change; while its keeper is away, what was read holds', async () => {
    const secrets = manager({ vault: { address: VAULT, token: 'root-token', namespace: 'team' } })
    const reference = 'vault://kv/providers/openai#api_key'
    await secrets.value(reference)
    const changed = new Promise<string>((resolve) => { secrets.onChange(resolve) })
    kv.set('kv/data/providers/openai', { api_key: 'sk-rotated' })
    secrets.renew(reference) // too soon: a thousand refused calls are one question
    clock.advance(2_000)
    secrets.renew(reference)
    expect(await changed).toBe(reference)
    expect(await secrets.value(reference)).toEqual({ ok: true, text: 'sk-rotated' })
    tokens.clear()
    clock.advance(2_000)
    secrets.renew(reference)
    while (secrets.troubles.length === 0) await Bun.sleep(1)
    expect(secrets.troubles.join()).toContain('what was read before stays')
    expect(secrets.troubles.join()).not.toContain('sk-')
    expect(await secrets.value(reference)).toEqual({ ok: true, text: 'sk-rotated' })
  })
})
