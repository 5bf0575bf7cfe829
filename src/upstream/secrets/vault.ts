import { asCount, asString, isObject, parseObject, type JsonObject } from '../../core/json.ts'
import type { SecretFound } from '../../catalog/secret-reference.ts'
import type { Clock } from '../../lib/clock.ts'

/** Where a Vault is, and who we are to it: a token, or an AppRole. */
export interface VaultSettings {
  readonly address: string
  readonly token?: string | undefined
  readonly roleId?: string | undefined
  readonly secretId?: string | undefined
  readonly namespace?: string | undefined
}

const MS_MAX = 10_000
/** A token is not used when it would end on the way. */
const LAST_MS = 5_000

interface Login { readonly token: string; readonly endsMs: number }

/** Reads secrets of Vault's KV engine, version 2 (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). */
export class Vault {
  private login: Login | undefined

  constructor(private readonly clock: Clock) {}

  /** `vault://mount/path#field`: what `GET /v1/mount/data/path` has in that field. Never rejects. */
  async read(reference: string, settings: VaultSettings): Promise<SecretFound> {
    const match = /^vault:\/\/([^/#?]+)\/([^#?]+)#(.+)$/.exec(reference)
    if (!match) return failed('a reference to Vault is written vault://mount/path#field')
    const [, mount = '', path = '', field = ''] = match
    if (`${mount}/${path}`.split('/').some((piece) => piece === '' || piece === '.' || piece === '..')) return failed('a reference to Vault has a path without dots and empty parts')
    const url = `${settings.address.replace(/\/+$/, '')}/v1/${encodeURIComponent(mount)}/data/${path.split('/').map(encodeURIComponent).join('/')}`
    const first = await this.ask(url, settings)
    // A token of ours may have been revoked: another log-in tells.
    const answer = first.status === 403 && settings.token === undefined && this.forget() ? await this.ask(url, settings) : first
    if (answer.why !== undefined) return failed(answer.why)
    if (answer.status !== 200) return failed(`Vault answered ${answer.status} for ${mount}/${path}`)
    const data = isObject(answer.body['data']) ? answer.body['data']['data'] : undefined
    const value = isObject(data) ? data[field] : undefined
    if (isObject(value)) return { ok: true, text: JSON.stringify(value) }
    return typeof value === 'string' && value !== '' ? { ok: true, text: value } : failed(`Vault has no field ${field} in ${mount}/${path}`)
  }

  private forget(): boolean {
    this.login = undefined
    return true
  }

  private async ask(url: string, settings: VaultSettings): Promise<Answer> {
    const token = settings.token ?? await this.logIn(settings)
    if (typeof token !== 'string') return token
    return await send(url, { method: 'GET', headers: headersOf(settings, { 'x-vault-token': token }) })
  }

  private async logIn(settings: VaultSettings): Promise<string | Answer> {
    const { address, roleId, secretId } = settings
    if (this.login && this.clock.monotonicMs() < this.login.endsMs) return this.login.token
    if (roleId === undefined) return { status: 0, body: {}, why: 'Vault wants a token, or a role_id and secret_id: set VAULT_TOKEN, or secrets.vault in the operator\'s file' }
    const answer = await send(`${address.replace(/\/+$/, '')}/v1/auth/approle/login`, { method: 'POST', headers: headersOf(settings, { 'content-type': 'application/json' }), body: JSON.stringify({ role_id: roleId, ...(secretId !== undefined && { secret_id: secretId }) }) })
    const auth = isObject(answer.body['auth']) ? answer.body['auth'] : {}
    const token = asString(auth['client_token'])
    if (answer.status !== 200 || token === undefined) return { ...answer, why: answer.why ?? `Vault answered ${answer.status} to the log-in of our role` }
    const livesMs = (asCount(auth['lease_duration']) ?? 0) * 1_000
    // A token without an end lives as long as we do.
    this.login = { token, endsMs: livesMs === 0 ? Infinity : this.clock.monotonicMs() + Math.max(0, livesMs - LAST_MS) }
    return token
  }
}

interface Answer { readonly status: number; readonly body: JsonObject; readonly why?: string }

function failed(why: string): SecretFound {
  return { ok: false, why }
}

function headersOf({ namespace }: VaultSettings, more: Record<string, string>): Record<string, string> {
  return { 'x-vault-request': 'true', ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }), ...more }
}

async function send(url: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(MS_MAX) })
    return { status: response.status, body: parseObject(await response.text()) ?? {} }
  } catch (error) {
    return { status: 0, body: {}, why: `Vault cannot be reached (${error instanceof Error ? error.name : 'error'})` }
  }
}
