import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readIdentityProviders, type IdentityProvider } from './accounts/identity-provider.ts'
import { parseUsd, type Nano } from './core/nano.ts'
import { readIpRange, type IpRange } from './lib/ip-address.ts'

/** Everything that the command line and the environment say. The only reader of `process.env`. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  /** The operator's file; undefined when none is named and `./switchyard.yaml` is not there. */
  readonly configPath: string | undefined
  readonly workers: number
  /** A first key to use instead of making one. */
  readonly firstKey: string | undefined
  readonly discover: boolean
  /** Credits that a fresh install's account starts with. */
  readonly initialCredits: Nano
  readonly fsync: 'always' | 'interval' | 'never'
  readonly bodyBytesMax: number
  /** Calls at once in this process; more get a 503 that says so. */
  readonly callsMax: number
  readonly logCalls: boolean
  /** URLs in content are fetched for providers that do not fetch them. */
  readonly egressEnabled: boolean
  /** URLs in content may lead to private addresses. */
  readonly egressPrivate: boolean
  /** A Redis or Valkey server through which nodes share what may be lost. */
  readonly redisUrl: string | undefined
  /** A Postgres server that keeps accounts, keys and money; SQLite in the data directory where there is none. */
  readonly databaseUrl: string | undefined
  /** Networks of the proxies in front of this server, whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly IpRange[]
  /** The key, or keys apart by commas, under which providers' keys of callers are sealed; a file of the data directory where there is none. */
  readonly masterKey: string | undefined
  /** The mail server, as `smtp://user:password@host:587`, and whom letters are from; undefined: no letters are sent. */
  readonly smtp: { readonly url: string; readonly from: string } | undefined
  /** How browsers and letters call this server: `https://gateway.example.com`, without a slash at its end. undefined: by host and port. */
  readonly publicUrl: string | undefined
  /** The secret, or secrets apart by commas, that cookies are signed with; a file of the data directory where there is none. */
  readonly authSecret: string | undefined
  /** What the first person shows, or `none`; undefined: made here. */
  readonly setUpCode: string | undefined
  /** Where people sign in beside here: Google, GitHub, any provider of OpenID Connect. */
  readonly identityProviders: readonly IdentityProvider[]
  /** The account at Stripe that cards are charged by; undefined where no cards are taken. */
  readonly stripe: { readonly apiKey: string; readonly webhookSecrets: readonly string[]; readonly baseUrl: string } | undefined
  /** Servers of the DNS that are asked for TXT records, as `192.0.2.1` or `192.0.2.1:5353`; none: those of the system. */
  readonly dnsServers: readonly string[]
  /** Environment with `.env` below it: where credentials of providers are looked for. */
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Settings as flags give them: strings as written, undefined when not given. */
export interface Flags {
  readonly data?: string
  readonly config?: string
  readonly port?: string
  readonly host?: string
  readonly workers?: string
  readonly noDiscover?: boolean
  readonly initialCredits?: string
  readonly maxBodyMb?: string
  readonly maxCalls?: string
  readonly noLogCalls?: boolean
}

/** A setting that cannot be used, with what to change. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const DEFAULTS = { port: 8787, host: '127.0.0.1', dataDir: './data', configFile: 'switchyard.yaml', initialCreditsUsd: '100', bodyMb: 32, callsMax: 10_000 }

/** The `server` part of the operator's file. */
export interface FileSettings {
  readonly port?: number
  readonly data?: string
  readonly bodyBytesMax?: number
  readonly journalFsync?: Config['fsync']
  readonly initialCredits?: Nano
  readonly egressEnabled?: boolean
  readonly egressPrivate?: boolean
  readonly redisUrl?: string
  readonly databaseUrl?: string
}

/** How the operator's file is read for its settings; a file that is wrong has none here and says so elsewhere. */
export type ReadFileSettings = (path: string, env: Config['env']) => FileSettings

/** Puts flags, environment, `.env`, the operator's file and defaults together, in this order of precedence. Throws ConfigError. */
export function readConfig(flags: Flags, directory = process.cwd(), readFile: ReadFileSettings = () => ({})): Config {
  const env = { ...readDotEnv(resolve(directory, '.env')), ...process.env }
  const say = (flag: string | undefined, variable: string) => flag ?? (env[variable] === '' ? undefined : env[variable])
  const named = say(flags.config, 'SWITCHYARD_CONFIG')
  const implied = resolve(directory, DEFAULTS.configFile)
  const configPath = named === undefined ? (existsSync(implied) ? implied : undefined) : existing(resolve(directory, named))
  const file = configPath === undefined ? {} : readFile(configPath, env)
  return {
    port: integer('--port', say(flags.port, 'PORT'), file.port ?? DEFAULTS.port, 0, 65_535),
    host: say(flags.host, 'SWITCHYARD_HOST') ?? DEFAULTS.host,
    dataDir: resolve(directory, say(flags.data, 'SWITCHYARD_DATA') ?? file.data ?? DEFAULTS.dataDir),
    configPath,
    workers: integer('--workers', say(flags.workers, 'SWITCHYARD_WORKERS'), 1, 1, 256),
    firstKey: firstKey(env['SWITCHYARD_KEY']),
    discover: flags.noDiscover !== true && env['SWITCHYARD_DISCOVER'] !== 'false',
    initialCredits: usd('SWITCHYARD_INITIAL_CREDITS', say(flags.initialCredits, 'SWITCHYARD_INITIAL_CREDITS'), file.initialCredits),
    fsync: oneOf('SWITCHYARD_FSYNC', env['SWITCHYARD_FSYNC'] || file.journalFsync, ['interval', 'always', 'never'] as const),
    bodyBytesMax: bodyBytes(say(flags.maxBodyMb, 'SWITCHYARD_MAX_BODY_MB'), file.bodyBytesMax),
    callsMax: integer('SWITCHYARD_MAX_CALLS', say(flags.maxCalls, 'SWITCHYARD_MAX_CALLS'), DEFAULTS.callsMax, 1, 1_000_000),
    logCalls: flags.noLogCalls !== true && env['SWITCHYARD_LOG_CALLS'] !== 'false',
    egressEnabled: file.egressEnabled !== false,
    egressPrivate: env['SWITCHYARD_EGRESS_PRIVATE'] ? env['SWITCHYARD_EGRESS_PRIVATE'] === 'true' : file.egressPrivate === true,
    redisUrl: redisUrl(env['REDIS_URL'] || file.redisUrl),
    databaseUrl: databaseUrl(env['DATABASE_URL'] || file.databaseUrl),
    masterKey: masterKey(env['SWITCHYARD_MASTER_KEY'] || undefined),
    publicUrl: publicUrl(env['SWITCHYARD_PUBLIC_URL'] || undefined),
    stripe: stripe(env['STRIPE_SECRET_KEY'] || undefined, env['STRIPE_WEBHOOK_SECRET'] || undefined, env['STRIPE_API_URL'] || undefined),
    identityProviders: readIdentityProviders(env, (message) => new ConfigError(message)),
    authSecret: authSecret(env['SWITCHYARD_AUTH_SECRET'] || undefined),
    setUpCode: setUpCode(env['SWITCHYARD_SETUP_CODE'] || undefined),
    dnsServers: dnsServers(env['SWITCHYARD_DNS_SERVERS']),
    trustedProxies: networks('SWITCHYARD_TRUSTED_PROXIES', env['SWITCHYARD_TRUSTED_PROXIES']),
    smtp: smtp(env['SWITCHYARD_SMTP_URL'] || undefined, env['SWITCHYARD_MAIL_FROM'] || undefined),
    env,
  }
}

/** The pipe whose end means that the process that started us is gone; undefined when we were started by hand. */
export function parentPipe(): number | undefined {
  const fd = Number(process.env['SWITCHYARD_PARENT_FD'] ?? Number.NaN)
  return Number.isInteger(fd) ? fd : undefined
}

/** Which worker of `--workers` this process is; undefined in the first process. */
export function workerNumber(): number | undefined {
  const worker = Number(process.env['SWITCHYARD_WORKER'] ?? Number.NaN)
  return Number.isInteger(worker) ? worker : undefined
}

/** The environment of a worker: ours, and its number. */
export function workerEnvironment(worker: number): Record<string, string | undefined> {
  return { ...process.env, SWITCHYARD_WORKER: String(worker) }
}

/** Colours and prompts are for people: both streams are a terminal, and NO_COLOR is not set. */
export function isColourful(): boolean {
  return process.stdout.isTTY === true && !process.env['NO_COLOR']
}

function existing(path: string): string {
  if (!existsSync(path)) throw new ConfigError(`--config: there is no file ${path}`)
  return path
}

function networks(name: string, value: string | undefined): readonly IpRange[] {
  const texts = (value ?? '').split(',').map((text) => text.trim()).filter((text) => text !== '')
  return texts.map((text) => {
    const range = readIpRange(text)
    if (!range) throw new ConfigError(`${name}: must be networks separated by commas, such as 10.0.0.0/8 or 2001:db8::/32, not ${JSON.stringify(text)}`)
    return range
  })
}

function firstKey(key: string | undefined): string | undefined {
  if (key === undefined || key === '') return undefined
  if (key.length < 16 || /\s/.test(key)) throw new ConfigError('SWITCHYARD_KEY: must be at least 16 characters without spaces, such as sk-sw-v1-…')
  return key
}

function integer(name: string, value: string | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback
  const number = Number(value)
  if (!Number.isInteger(number) || number < min || number > max) throw new ConfigError(`${name}: must be an integer from ${min} to ${max}, not ${JSON.stringify(value)}`)
  return number
}

function bodyBytes(megabytes: string | undefined, fromFile: number | undefined): number {
  if (megabytes === undefined && fromFile !== undefined) return fromFile
  return integer('SWITCHYARD_MAX_BODY_MB', megabytes, DEFAULTS.bodyMb, 1, 1024) * 1024 * 1024
}

function usd(name: string, value: string | undefined, fromFile: Nano | undefined): Nano {
  if (value === undefined && fromFile !== undefined) return fromFile
  const amount = parseUsd(value ?? DEFAULTS.initialCreditsUsd)
  if (amount === undefined || amount < 0n) throw new ConfigError(`${name}: must be an amount of USD such as 100 or 0.50, not ${JSON.stringify(value)}`)
  return amount
}

function redisUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // The URL may hold a password: it is not repeated.
  if (!/^(?:redis|rediss|valkey|valkeys):\/\/\S+$/.test(text)) throw new ConfigError('REDIS_URL: must be an address as redis://host:6379 or rediss://user:password@host:6380')
  return text
}

function databaseUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // As above: not repeated.
  if (!/^postgres(?:ql)?:\/\/\S+$/.test(text) || !URL.canParse(text)) throw new ConfigError('DATABASE_URL: must be an address as postgres://user:password@host:5432/database; without one, SQLite keeps everything in the data directory')
  return text
}

function masterKey(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const isKey = (word: string): boolean => /^[0-9a-f]{64}$/i.test(word) || /^[A-Za-z0-9+/_-]{43}=?$/.test(word)
  // As above: not repeated.
  if (!text.split(',').every((word) => isKey(word.trim()))) throw new ConfigError('SWITCHYARD_MASTER_KEY: must be 32 random bytes in base64 or hex, as `openssl rand -base64 32` gives; or several, apart by commas, of which the first seals')
  return text
}

function smtp(url: string | undefined, from: string | undefined): Config['smtp'] {
  if (url === undefined) return undefined
  // As above: not repeated.
  if (!/^smtps?:\/\/\S+$/.test(url) || !URL.canParse(url)) throw new ConfigError('SWITCHYARD_SMTP_URL: must be an address as smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465')
  if (from === undefined || !/^(?:[^<>\p{Cc}]*<[^\s<>@\p{Cc}]+@[^\s<>@\p{Cc}]+>|[^\s<>@\p{Cc}]+@[^\s<>@\p{Cc}]+)$/u.test(from)) throw new ConfigError('SWITCHYARD_MAIL_FROM: must say whom letters are from, as gateway@example.com or Gateway <gateway@example.com>, where SWITCHYARD_SMTP_URL is set')
  return { url, from }
}

function dnsServers(text: string | undefined): readonly string[] {
  const servers = (text ?? '').split(',').map((server) => server.trim()).filter((server) => server !== '')
  for (const server of servers) if (!/^(?:\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|\[[\da-f:.]+\](?::\d{1,5})?|[\da-f:]+:[\da-f:.]*)$/i.test(server)) throw new ConfigError(`SWITCHYARD_DNS_SERVERS: must be addresses as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53, apart by commas; not ${JSON.stringify(server)}`)
  return servers
}

function stripe(apiKey: string | undefined, secret: string | undefined, url: string | undefined): Config['stripe'] {
  if (apiKey === undefined && secret === undefined) return undefined
  // Secrets: none of them is repeated.
  if (apiKey === undefined || !/^(?:sk|rk)_(?:live|test)_\w{8,}$/.test(apiKey)) throw new ConfigError('STRIPE_SECRET_KEY: must be a secret or restricted key of Stripe, as sk_live_… or rk_test_…, where STRIPE_WEBHOOK_SECRET is set')
  const webhookSecrets = (secret ?? '').split(',').map((text) => text.trim()).filter((text) => text !== '')
  if (webhookSecrets.length === 0 || !webhookSecrets.every((text) => /^whsec_\S{16,}$/.test(text))) {
    throw new ConfigError('STRIPE_WEBHOOK_SECRET: must be the signing secret of the endpoint …/webhooks/stripe at Stripe, as whsec_…, where STRIPE_SECRET_KEY is set: without it anybody could say that they have paid')
  }
  const baseUrl = url ?? 'https://api.stripe.com'
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol)) throw new ConfigError('STRIPE_API_URL: must be an address as https://api.stripe.com')
  return { apiKey, webhookSecrets, baseUrl: baseUrl.replace(/\/+$/, '') }
}

function publicUrl(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // As above: not repeated.
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') throw new ConfigError('SWITCHYARD_PUBLIC_URL: must be how browsers call this server, as https://gateway.example.com, without a path')
  return url.origin
}

function setUpCode(text: string | undefined): string | undefined {
  // As above: not repeated.
  if (text !== undefined && text !== 'none' && !/^[\x21-\x7e]{16,200}$/.test(text)) throw new ConfigError('SWITCHYARD_SETUP_CODE: must be 16 to 200 letters, digits and signs without spaces, or none')
  return text
}

function authSecret(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  // As above: not repeated.
  if (!text.split(',').every((word) => word.trim().length >= 32)) throw new ConfigError('SWITCHYARD_AUTH_SECRET: must be at least 32 random characters, as `openssl rand -base64 32` gives; or several, apart by commas, of which the first signs')
  return text
}

function oneOf<T extends string>(name: string, value: string | undefined, values: readonly [T, ...T[]]): T {
  if (value === undefined || value === '') return values[0]
  const found = values.find((item) => item === value)
  if (found === undefined) throw new ConfigError(`${name}: must be one of ${values.join(', ')}, not ${JSON.stringify(value)}`)
  return found
}

/** Lines `NAME=value` of a `.env`; quotes around a value are taken off. Not read: what is not of this form. */
function readDotEnv(path: string): Record<string, string> {
  if (!existsSync(path)) return {}
  const values: Record<string, string> = {}
  for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line)
    if (!match) continue
    const [, name = '', value = ''] = match
    const quoted = /^(["'])(.*)\1$/.exec(value)
    values[name] = quoted ? (quoted[2] ?? '') : value.replace(/\s+#.*$/, '')
  }
  return values
}
