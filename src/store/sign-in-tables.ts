import type { SignInModel, SignInRow, SignInValue } from '../accounts/sign-in-store.ts'
import type { Row, SqlValue } from './sql.ts'

/** How a value stands in its column: `flag` is 0 or 1, `time` ms since the epoch. */
type Kind = 'text' | 'int' | 'flag' | 'time'

interface SignInTable { readonly table: string; readonly columns: Readonly<Record<string, readonly [column: string, kind: Kind]>> }

const times = { createdAt: ['created_ms', 'time'], updatedAt: ['updated_ms', 'time'] } as const
const owned = { id: ['id', 'text'], userId: ['user_id', 'text'] } as const

/** Every model and field that may be asked for, with its table and column: nothing else gets into a statement. */
const TABLES: Readonly<Record<SignInModel, SignInTable>> = {
  user: { table: 'users', columns: {
    id: ['id', 'text'], email: ['email', 'text'], firstName: ['first_name', 'text'], lastName: ['last_name', 'text'], emailVerified: ['email_verified', 'flag'], image: ['image', 'text'],
    twoFactorEnabled: ['two_factor', 'flag'], ...times,
  } },
  session: { table: 'sessions', columns: {
    ...owned, token: ['token', 'text'], accountId: ['account_id', 'text'], impersonatedBy: ['impersonated_by', 'text'], ipAddress: ['ip_address', 'text'], userAgent: ['user_agent', 'text'],
    expiresAt: ['expires_ms', 'time'], ...times,
  } },
  account: { table: 'identities', columns: {
    ...owned, providerId: ['provider', 'text'], accountId: ['subject', 'text'], password: ['password', 'text'], accessToken: ['access_token', 'text'], refreshToken: ['refresh_token', 'text'],
    idToken: ['id_token', 'text'], accessTokenExpiresAt: ['access_ends_ms', 'time'], refreshTokenExpiresAt: ['refresh_ends_ms', 'time'], scope: ['scope', 'text'], ...times,
  } },
  verification: { table: 'verifications', columns: { id: ['id', 'text'], identifier: ['identifier', 'text'], value: ['value', 'text'], expiresAt: ['expires_ms', 'time'], ...times } },
  twoFactor: { table: 'two_factors', columns: {
    ...owned, secret: ['secret', 'text'], backupCodes: ['backup_codes', 'text'], verified: ['verified', 'flag'], failedVerificationCount: ['failures', 'int'], lockedUntil: ['locked_ms', 'time'],
  } },
  passkey: { table: 'passkeys', columns: {
    ...owned, name: ['name', 'text'], publicKey: ['public_key', 'text'], credentialID: ['credential_id', 'text'], counter: ['counter', 'int'], deviceType: ['device_type', 'text'],
    backedUp: ['backed_up', 'flag'], transports: ['transports', 'text'], aaguid: ['aaguid', 'text'], createdAt: ['created_ms', 'time'],
  } },
}

/** The table of a model. Throws on one that is not ours. */
export function tableOf(model: SignInModel): string {
  return found(TABLES[model], model).table
}

/** The column of a field, with how values stand in it. Throws on a field that is not ours. */
export function columnOf(model: SignInModel, field: string): readonly [column: string, kind: Kind] {
  const { columns } = found(TABLES[model], model)
  // `Object.hasOwn`: a field may be called as something that every object has.
  return found(Object.hasOwn(columns, field) ? columns[field] : undefined, `${model}.${field}`)
}

/** All columns of a model, for a statement. */
export function columnsOf(model: SignInModel): string {
  return Object.values(found(TABLES[model], model).columns).map(([column]) => column).join(', ')
}

/** A value as its column holds it. */
export function columnValue(value: SignInValue, kind: Kind): SqlValue {
  if (value === null) return null
  if (kind === 'time') return typeof value === 'number' ? Math.round(value) : new Date(String(value instanceof Date ? value.toISOString() : value)).getTime()
  if (kind === 'flag') return value === true || value === 1 ? 1 : 0
  if (kind === 'int') return Math.trunc(Number(value))
  return String(value)
}

/** A row by the names of its fields. */
export function readSignIn(model: SignInModel, row: Row): SignInRow {
  return Object.fromEntries(Object.entries(TABLES[model].columns).map(([field, [column, kind]]) => [field, fieldValue(row[column] ?? null, kind)]))
}

function fieldValue(value: SqlValue, kind: Kind): SignInValue {
  if (value === null || kind === 'text') return value === null ? null : String(value)
  if (kind === 'flag') return Number(value) === 1
  return kind === 'time' ? new Date(Number(value)) : Number(value)
}

function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`sign-in has no ${what} that is kept`)
  return value
}
