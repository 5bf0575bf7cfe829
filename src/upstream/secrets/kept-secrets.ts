import { readFileSync } from 'node:fs'
import type { OperatorSecrets } from '../../catalog/operator-secrets.ts'
import type { Environment } from '../../catalog/provider.ts'
import type { SecretFound, Secrets } from '../../catalog/secret-reference.ts'
import type { Clock } from '../../lib/clock.ts'
import { readAwsSecret } from './aws-secrets.ts'
import { Vault } from './vault.ts'

export interface KeptSecretsOptions {
  readonly settings: () => OperatorSecrets | undefined
  readonly env: Environment
  readonly clock: Clock
  /** Told what a person must mend. No secret in it. */
  readonly onTrouble: (what: string, detail: string) => void
}

interface Kept { found: SecretFound | undefined; reading: Promise<SecretFound> | undefined; readMs: number }

const REFRESH_S = 300
/** After a refusal of a provider's a secret is read again, but not at every one of a thousand calls. */
const RENEW_MS_MIN = 1_000
const REFERENCES_MAX = 10_000
const LOOK_MS = 1_000

/** Secrets that are kept elsewhere: read when they are first asked for, again every few minutes, and when a provider refuses one. What was read last holds while its keeper is away. */
export class KeptSecrets implements Secrets {
  private readonly kept = new Map<string, Kept>()
  private readonly listeners: ((reference: string) => void)[] = []
  private readonly vault: Vault
  private readonly timer: Timer

  constructor(private readonly options: KeptSecretsOptions) {
    this.vault = new Vault(options.clock)
    this.timer = setInterval(() => this.refresh(), LOOK_MS)
    this.timer.unref()
  }

  close(): void {
    clearInterval(this.timer)
  }

  onChange(listener: (reference: string) => void): void {
    this.listeners.push(listener)
  }

  value(reference: string): Promise<SecretFound> {
    const kept = this.keptOf(reference)
    return kept.found ? Promise.resolve(kept.found) : this.read(reference, kept)
  }

  /** As it was read last; undefined while it is being read for the first time. */
  known(reference: string): SecretFound | undefined {
    const kept = this.keptOf(reference)
    if (!kept.found) void this.read(reference, kept)
    return kept.found
  }

  renew(reference: string): void {
    const kept = this.keptOf(reference)
    if (this.options.clock.monotonicMs() - kept.readMs >= RENEW_MS_MIN) void this.read(reference, kept)
  }

  /** Reads again what was read long ago. */
  private refresh(): void {
    const nowMs = this.options.clock.monotonicMs()
    const oldMs = (this.options.settings()?.refreshSeconds ?? REFRESH_S) * 1_000
    for (const [reference, kept] of this.kept) if (nowMs - kept.readMs >= (kept.found?.ok === false ? Math.min(oldMs, RETRY_MS) : oldMs)) void this.read(reference, kept)
  }

  private keptOf(reference: string): Kept {
    let kept = this.kept.get(reference)
    if (!kept) {
      const [oldest] = this.kept.keys()
      if (this.kept.size >= REFERENCES_MAX && oldest !== undefined) this.kept.delete(oldest)
      this.kept.set(reference, kept = { found: undefined, reading: undefined, readMs: -Infinity })
    }
    return kept
  }

  private read(reference: string, kept: Kept): Promise<SecretFound> {
    kept.reading ??= Promise.resolve().then(() => this.fetch(reference)).then((found) => this.take(reference, kept, found)).finally(() => { kept.reading = undefined })
    return kept.reading
  }

  private take(reference: string, kept: Kept, found: SecretFound): SecretFound {
    const { found: before } = kept
    kept.readMs = this.options.clock.monotonicMs()
    if (!found.ok) this.options.onTrouble('a secret cannot be read', `${reference}: ${found.why}${before?.ok ? '; what was read before stays' : ''}`)
    if (!found.ok && before?.ok) return before
    kept.found = found
    const isNew = before === undefined || before.ok !== found.ok || (before.ok && found.ok && before.text !== found.text)
    if (isNew) for (const listener of this.listeners) listener(reference)
    return found
  }

  private async fetch(reference: string): Promise<SecretFound> {
    const { env, clock, settings } = this.options
    const { vault = {}, aws = {} } = settings() ?? {}
    if (reference.startsWith('env://')) return fromEnvironment(reference.slice('env://'.length), env)
    if (reference.startsWith('file://')) return fromFile(reference.slice('file://'.length))
    if (reference.startsWith('vault://')) {
      const address = vault.address ?? env['VAULT_ADDR']
      if (!address) return { ok: false, why: "no Vault is set up: VAULT_ADDR, or secrets.vault.address in the operator's file" }
      const roleId = vault.roleId ?? env['VAULT_ROLE_ID']
      return await this.vault.read(reference, { address, roleId, token: vault.token ?? (vault.roleId === undefined ? env['VAULT_TOKEN'] : undefined), secretId: vault.secretId ?? env['VAULT_SECRET_ID'], namespace: vault.namespace ?? env['VAULT_NAMESPACE'] })
    }
    const [region, accessKeyId, secretAccessKey] = [aws.region ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'], aws.accessKeyId ?? env['AWS_ACCESS_KEY_ID'], aws.secretAccessKey ?? env['AWS_SECRET_ACCESS_KEY']]
    if (!region || !accessKeyId || !secretAccessKey) return { ok: false, why: "AWS Secrets Manager is not set up: AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or secrets.aws in the operator's file" }
    const sessionToken = aws.accessKeyId === undefined ? env['AWS_SESSION_TOKEN'] : aws.sessionToken
    return await readAwsSecret(reference, { region, accessKeyId, secretAccessKey, sessionToken, endpoint: aws.endpoint }, clock.wallMs())
  }
}

/** What could not be read is tried again sooner. */
const RETRY_MS = 15_000

function fromEnvironment(name: string, env: Environment): SecretFound {
  const value = env[name]
  return value ? { ok: true, text: value } : { ok: false, why: `the environment has no ${name}` }
}

function fromFile(path: string): SecretFound {
  try {
    const text = readFileSync(path, 'utf8').trim()
    return text === '' ? { ok: false, why: `the file ${path} is empty` } : { ok: true, text }
  } catch (error) {
    // The code says which way it cannot be read; the rest of the message says no more.
    return { ok: false, why: `the file ${path} cannot be read${error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''}` }
  }
}
