import type { AuditAction } from '../accounts/audit-entry.ts'
import { SYSTEM } from '../accounts/audit-entry.ts'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import type { SignInCondition, SignInModel, SignInQuery, SignInRow, SignInValue } from '../accounts/sign-in-store.ts'
import { userName } from '../accounts/user.ts'
import { rowId } from '../lib/id.ts'
import { insertAccount } from './account-rows.ts'
import { writeAudit } from './audit-rows.ts'
import { findUser, insertMember, insertUser, setUserDisabled } from './people-rows.ts'
import { columnOf, columnsOf, columnValue, readSignIn, tableOf } from './sign-in-tables.ts'
import { int, one, text, type Sql, type SqlValue } from './sql.ts'
import { endViewOf } from './view-rows.ts'

type Asked = Pick<SignInQuery, 'model' | 'where'>

/** A statement that is being put together: its values get their places as they come. */
class Statement {
  readonly values: SqlValue[] = []

  add(value: SqlValue): string {
    return `$${this.values.push(value)}`
  }

  /** ` WHERE …`; nothing where nothing is asked. */
  where({ model, where }: Asked): string {
    const ands = where.filter(({ isOr }) => !isOr).map((condition) => this.condition(model, condition))
    const ors = where.filter(({ isOr }) => isOr).map((condition) => this.condition(model, condition))
    const all = [...ands, ...(ors.length > 0 ? [`(${ors.join(' OR ')})`] : [])]
    return all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`
  }

  private condition(model: SignInModel, { field, operator, value }: SignInCondition): string {
    const [column, kind] = columnOf(model, field)
    if (operator === 'in' || operator === 'not_in') {
      // The library gives lists to these two, and to no other.
      const places = (value as readonly (string | number)[]).map((item) => this.add(columnValue(item, kind)))
      if (places.length === 0) return operator === 'in' ? '1 = 0' : '1 = 1'
      return `${column} ${operator === 'in' ? 'IN' : 'NOT IN'} (${places.join(', ')})`
    }
    if (value === null) return `${column} IS ${operator === 'ne' ? 'NOT ' : ''}NULL`
    const sign = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' }[operator]
    // As above: a list is given to `in` only.
    return `${column} ${sign} ${this.add(columnValue(value as SignInValue, kind))}`
  }

  set(model: SignInModel, row: SignInRow): string[] {
    return Object.entries(row).map(([field, value]) => {
      const [column, kind] = columnOf(model, field)
      return `${column} = ${this.add(columnValue(value, kind))}`
    })
  }
}

export async function findSignIn(sql: Sql, query: SignInQuery): Promise<readonly SignInRow[]> {
  const statement = new Statement()
  const where = statement.where(query)
  const order = query.sortBy ? ` ORDER BY ${columnOf(query.model, query.sortBy.field)[0]}${query.sortBy.isDescending ? ' DESC' : ''}, id` : ''
  const limit = query.limit === undefined ? '' : ` LIMIT ${statement.add(query.limit)} OFFSET ${statement.add(query.offset ?? 0)}`
  const rows = await sql.all(`SELECT ${columnsOf(query.model)} FROM ${tableOf(query.model)}${where}${order}${limit}`, ...statement.values)
  return rows.map((row) => readSignIn(query.model, row))
}

export async function countSignIn(sql: Sql, query: Asked): Promise<number> {
  const statement = new Statement()
  const where = statement.where(query)
  return int(await one(sql, `SELECT COUNT(*) AS total FROM ${tableOf(query.model)}${where}`, ...statement.values), 'total')
}

/** False where it clashes with one that is there. A person gets an account of their own. */
export async function insertSignIn(sql: Sql, model: SignInModel, row: SignInRow, nowMs: number): Promise<boolean> {
  if (model === 'user') return insertPerson(sql, row, nowMs)
  if (model === 'session' && (await findUser(sql, 'id', String(row['userId'])))?.disabledMs !== null) return false
  // What is over goes when something new of its kind comes: nobody would ask for it again.
  if (model === 'session' || model === 'verification') await sql.run(`DELETE FROM ${tableOf(model)} WHERE expires_ms <= $1`, nowMs)
  const statement = new Statement()
  const columns = Object.keys(row).map((field) => columnOf(model, field)[0])
  const places = Object.entries(row).map(([field, value]) => statement.add(columnValue(value, columnOf(model, field)[1])))
  if (await sql.run(`INSERT INTO ${tableOf(model)} (${columns.join(', ')}) VALUES (${places.join(', ')}) ON CONFLICT DO NOTHING`, ...statement.values) === 0) return false
  await note(sql, ADDED[model], row, nowMs)
  return true
}

async function insertPerson(sql: Sql, row: SignInRow, nowMs: number): Promise<boolean> {
  const { id, email, firstName, lastName, ...rest } = row
  const user = { id: String(id), email: String(email), firstName: nameOf(firstName), lastName: nameOf(lastName), createdMs: nowMs, updatedMs: null, disabledMs: null }
  const by = { kind: 'user', id: user.id, name: userName(user), userId: user.id } as const
  if (!await insertUser(sql, user, { id: rowId(), kind: 'personal', name: userName(user), createdMs: nowMs }, { by, nowMs })) return false
  const { emailVerified = false, image = null } = rest
  await sql.run('UPDATE users SET email_verified = $1, image = $2 WHERE id = $3', columnValue(emailVerified, 'flag'), columnValue(image, 'text'), user.id)
  if (emailVerified === true) await becomeFirstOperator(sql, user.id, nowMs)
  return true
}

function nameOf(value: SignInValue | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

export async function updateSignIn(sql: Sql, query: Asked, set: SignInRow, nowMs: number): Promise<{ readonly count: number; readonly first: SignInRow | null }> {
  const before = await findSignIn(sql, query)
  const statement = new Statement()
  const sets = statement.set(query.model, set)
  if (before.length === 0 || sets.length === 0) return { count: 0, first: null }
  const where = statement.where({ model: query.model, where: [{ field: 'id', operator: 'in', value: before.map((row) => String(row['id'])), isOr: false }] })
  const rows = await sql.all(`UPDATE ${tableOf(query.model)} SET ${sets.join(', ')}${where} RETURNING ${columnsOf(query.model)}`, ...statement.values)
  const after = rows.map((row) => readSignIn(query.model, row))
  for (const row of after) await noteUpdate(sql, query.model, before.find((old) => old['id'] === row['id']) ?? {}, row, nowMs)
  return { count: after.length, first: after[0] ?? null }
}

export async function deleteSignIn(sql: Sql, query: Asked, nowMs: number): Promise<number> {
  const statement = new Statement()
  const where = statement.where(query)
  const rows = await sql.all(`DELETE FROM ${tableOf(query.model)}${where} RETURNING ${columnsOf(query.model)}`, ...statement.values)
  for (const row of rows) await note(sql, REMOVED[query.model], readSignIn(query.model, row), nowMs)
  if (query.model === 'session') for (const row of rows) await endViewOf(sql, text(row, 'id'), nowMs)
  return rows.length
}

export async function takeSignIn(sql: Sql, query: Asked): Promise<SignInRow | null> {
  const statement = new Statement()
  const table = tableOf(query.model)
  const row = (await sql.all(`DELETE FROM ${table} WHERE id = (SELECT id FROM ${table}${statement.where(query)} LIMIT 1) RETURNING ${columnsOf(query.model)}`, ...statement.values))[0]
  return row ? readSignIn(query.model, row) : null
}

export async function addSignIn(sql: Sql, query: Asked, add: Readonly<Record<string, number>>, set: SignInRow): Promise<SignInRow | null> {
  const statement = new Statement()
  const adds = Object.entries(add).map(([field, amount]) => {
    const [column] = columnOf(query.model, field)
    return `${column} = COALESCE(${column}, 0) + ${statement.add(amount)}`
  })
  const sets = [...adds, ...statement.set(query.model, set)]
  const table = tableOf(query.model)
  // The conditions twice: the row is found by them, and whoever changed it meanwhile made them untrue.
  const rows = await sql.all(`UPDATE ${table} SET ${sets.join(', ')} WHERE id = (SELECT id FROM ${table}${statement.where(query)} LIMIT 1)${statement.where(query).replace(' WHERE', ' AND')} RETURNING ${columnsOf(query.model)}`, ...statement.values)
  return rows[0] ? readSignIn(query.model, rows[0]) : null
}

/**
 * Who is the first to show that their address is theirs runs a fresh install: one where nobody does yet, and where the command line has let
 * nobody into its organization. Once: on Postgres two at once cannot both be committed.
 */
async function becomeFirstOperator(sql: Sql, userId: string, nowMs: number): Promise<void> {
  if (!await isFresh(sql)) return
  // Where the credit and the first keys are is where they begin.
  await sql.run('UPDATE users SET operator = 1, last_account_id = $1 WHERE id = $2', DEFAULT_ACCOUNT, userId)
  await insertAccount(sql, { id: DEFAULT_ACCOUNT, kind: 'organization', name: 'Default', createdMs: nowMs })
  await insertMember(sql, { accountId: DEFAULT_ACCOUNT, userId, role: 'admin', createdMs: nowMs }, { by: SYSTEM, nowMs })
  await writeAudit(sql, { accountId: DEFAULT_ACCOUNT, by: SYSTEM, nowMs, action: 'operator.add', target: userId, after: { operator: true } })
  await closeDoor(sql, nowMs)
}

/** Anybody could make themselves an account until now: those who did, and have shown nothing yet, wait for the operator. */
async function closeDoor(sql: Sql, nowMs: number): Promise<void> {
  const others = await sql.all('SELECT id FROM users WHERE email_verified = 0 AND operator = 0 AND disabled_ms IS NULL AND EXISTS (SELECT 1 FROM identities WHERE identities.user_id = users.id)')
  for (const row of others) await setUserDisabled(sql, text(row, 'id'), true, { by: SYSTEM, nowMs })
}

/** Whether nobody runs this install yet. */
export async function isFresh(sql: Sql): Promise<boolean> {
  return !await one(sql, 'SELECT id FROM users WHERE operator = 1') && !await one(sql, 'SELECT user_id FROM memberships WHERE account_id = $1', DEFAULT_ACCOUNT)
}

/** What the log says of rows that come and go; of the others it says nothing. */
const ADDED: Partial<Record<SignInModel, AuditAction>> = { passkey: 'passkey.add', account: 'identity.add' }
const REMOVED: Partial<Record<SignInModel, AuditAction>> = { passkey: 'passkey.remove', account: 'identity.remove', twoFactor: 'two_factor.disable' }

async function noteUpdate(sql: Sql, model: SignInModel, before: SignInRow, after: SignInRow, nowMs: number): Promise<void> {
  if (model === 'account' && before['password'] !== after['password']) await note(sql, 'password.change', after, nowMs)
  if (model === 'twoFactor' && before['verified'] !== after['verified'] && after['verified'] === true) await note(sql, 'two_factor.enable', after, nowMs)
  if (model === 'user' && (before['firstName'] !== after['firstName'] || before['lastName'] !== after['lastName'])) {
    await note(sql, 'user.change', { ...after, userId: String(after['id']) }, nowMs, { before: namesOf(before), after: namesOf(after) })
  }
  if (model === 'user' && before['emailVerified'] === false && after['emailVerified'] === true) await becomeFirstOperator(sql, String(after['id']), nowMs)
}

function namesOf({ firstName = null, lastName = null }: SignInRow): object {
  return { firstName, lastName }
}

/** Into the log of the person's own account: how somebody signs in is nobody else's. */
async function note(sql: Sql, action: AuditAction | undefined, row: SignInRow, nowMs: number, change: { readonly before?: object; readonly after?: object } = {}): Promise<void> {
  if (!action) return
  const userId = String(row['userId'])
  const user = await findUser(sql, 'id', userId)
  const account = await one(sql, "SELECT accounts.id FROM accounts JOIN memberships ON memberships.account_id = accounts.id WHERE memberships.user_id = $1 AND accounts.kind = 'personal'", userId)
  if (!user || !account) return
  const { name, providerId } = row
  await writeAudit(sql, {
    accountId: text(account, 'id'), by: { kind: 'user', id: userId, name: userName(user), userId }, nowMs, action, target: String(row['id']),
    ...change, ...(action.endsWith('.add') && { after: { ...(name ? { name } : {}), ...(providerId ? { provider: providerId } : {}) } }),
  })
}

