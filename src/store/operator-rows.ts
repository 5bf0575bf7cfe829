import { INSTANCE_ACCOUNT } from '../accounts/audit-entry.ts'
import type { AccountOverrides, AccountPage, AccountSummary, PersonChange, PersonPage, PersonRefusal, PersonSummary } from '../accounts/operator-store.ts'
import type { Change, Listed } from '../accounts/people-store.ts'
import { closeAccount } from './account-data.ts'
import { readCreditsOf } from './account-rows.ts'
import { writeAudit } from './audit-rows.ts'
import { touchKeys } from './key-rows.ts'
import { overridesJson, readOverrides } from './override-rows.ts'
import { accountsOf, readUser, setUserDisabled, USER } from './people-rows.ts'
import { nextRevision } from './schema.ts'
import { int, intOrNull, one, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'

/** Conditions with their values, as they are added. */
class Where {
  readonly values: SqlValue[] = []
  private readonly conditions: string[] = []

  add(condition: (mark: (value: SqlValue) => string) => string): void {
    this.conditions.push(condition((value) => `$${this.values.push(value)}`))
  }

  get text(): string {
    return this.conditions.length === 0 ? '' : ` WHERE ${this.conditions.join(' AND ')}`
  }
}

/** A text anywhere in a column. What is a pattern's sign in it is none here. */
function contains(column: string, search: string, mark: (value: SqlValue) => string): string {
  const like = (text: string) => `LIKE ${mark(`%${text.replace(/[%_!]/g, '!$&')}%`)} ESCAPE '!'`
  // An engine may know capitals of ASCII alone: what is written alike is found in any case.
  return `(LOWER(${column}) ${like(search.toLowerCase())} OR ${column} ${like(search)})`
}

const ACCOUNT = 'id, kind, name, created_ms, suspended_ms, suspended_reason, closed_ms, overrides'
const ORDER = { created: 'created_ms DESC, id DESC', balance: 'balance DESC, id', spent: 'granted - balance DESC, id', name: 'name, id' } as const
const STATE = { live: 'suspended_ms IS NULL AND closed_ms IS NULL', suspended: 'suspended_ms IS NOT NULL AND closed_ms IS NULL', closed: 'closed_ms IS NOT NULL' } as const

export async function listAccounts(sql: Sql, { offset, limit, search, state, kind, sort = 'created' }: AccountPage): Promise<Listed<AccountSummary>> {
  const where = new Where()
  // A reseller's customers are its own.
  where.add(() => "kind <> 'wallet'")
  if (state) where.add(() => STATE[state])
  if (kind) where.add((mark) => `kind = ${mark(kind)}`)
  if (search) {
    where.add((mark) => `(id = ${mark(search)} OR ${contains('name', search, mark)}
      OR id IN (SELECT memberships.account_id FROM memberships JOIN users ON users.id = memberships.user_id WHERE ${contains('users.email', search, mark)}))`)
  }
  const { values } = where
  const rows = await sql.all(`SELECT ${ACCOUNT} FROM accounts${where.text} ORDER BY ${ORDER[sort]} LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  return { rows: await summaries(sql, rows), total: int(await one(sql, `SELECT COUNT(*) AS total FROM accounts${where.text}`, ...values), 'total') }
}

/** None for a wallet: it is its reseller's to fill, and to close. */
export async function findAccountSummary(sql: Sql, id: string): Promise<AccountSummary | undefined> {
  const row = await one(sql, `SELECT ${ACCOUNT} FROM accounts WHERE id = $1 AND kind <> 'wallet'`, id)
  return row && (await summaries(sql, [row]))[0]
}

async function summaries(sql: Sql, rows: readonly Row[]): Promise<AccountSummary[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => text(row, 'id'))
  const marks = ids.map((_, at) => `$${at + 1}`).join(', ')
  const byId = (found: readonly Row[]) => new Map(found.map((row) => [text(row, 'account_id'), row]))
  const credits = await readCreditsOf(sql, ids)
  const members = byId(await sql.all(`SELECT account_id, COUNT(*) AS members FROM memberships WHERE account_id IN (${marks}) GROUP BY account_id`, ...ids))
  return rows.map((row) => {
    const id = text(row, 'id')
    const { total, used } = credits.get(id) ?? { total: 0n, used: 0n }
    return {
      // Written by insertAccount, from the same type.
      id, kind: text(row, 'kind') as AccountSummary['kind'], name: text(row, 'name'), createdMs: int(row, 'created_ms'),
      total, used, members: int(members.get(id), 'members'),
      state: row['closed_ms'] !== null ? 'closed' : row['suspended_ms'] !== null ? 'suspended' : 'live',
      suspendedMs: intOrNull(row, 'suspended_ms'), suspendedReason: textOrNull(row, 'suspended_reason'), ...readOverrides(text(row, 'overrides')),
    }
  })
}

export async function setSuspended(sql: Sql, accountId: string, suspended: boolean, change: Change): Promise<boolean> {
  const before = await findAccountSummary(sql, accountId)
  if (!before || before.state === 'closed') return false
  if ((before.state === 'suspended') === suspended) return true
  await sql.run('UPDATE accounts SET suspended_ms = $1, suspended_reason = $2, changed = $3 WHERE id = $4', suspended ? change.nowMs : null, suspended ? change.reason ?? '' : null, await nextRevision(sql), accountId)
  await touchKeys(sql, 'account_id', accountId)
  await writeAudit(sql, { accountId, ...change, action: suspended ? 'account.suspend' : 'account.resume', target: accountId, before: { state: before.state }, after: { state: suspended ? 'suspended' : 'live' } })
  return true
}

export async function setOverrides(sql: Sql, accountId: string, wish: Partial<AccountOverrides>, change: Change): Promise<boolean> {
  const before = await findAccountSummary(sql, accountId)
  if (!before || before.state === 'closed') return false
  const after = overridesJson({ membersMax: wish.membersMax === undefined ? before.membersMax : wish.membersMax, rates: wish.rates === undefined ? before.rates : wish.rates })
  await sql.run('UPDATE accounts SET overrides = $1, changed = $2 WHERE id = $3', JSON.stringify(after), await nextRevision(sql), accountId)
  await touchKeys(sql, 'account_id', accountId)
  await writeAudit(sql, { accountId, ...change, action: 'account.change', target: accountId, before: overridesJson(before), after })
  return true
}

/** The account's own log goes with what is personal: that it was closed stands in the install's. */
export async function closeAndLog(sql: Sql, accountId: string, change: Change): Promise<boolean> {
  if (!await findAccountSummary(sql, accountId) || !await closeAccount(sql, accountId, change.nowMs)) return false
  await writeAudit(sql, { accountId: INSTANCE_ACCOUNT, ...change, action: 'account.close', target: accountId })
  return true
}

const PERSON = `${USER}, operator, (SELECT COUNT(*) FROM memberships WHERE memberships.user_id = users.id) AS accounts`

export async function listPeople(sql: Sql, { offset, limit, search, isOperator, isDisabled }: PersonPage): Promise<Listed<PersonSummary>> {
  const where = new Where()
  if (search) where.add((mark) => `(id = ${mark(search)} OR ${contains('email', search, mark)} OR ${contains("COALESCE(first_name, '') || ' ' || COALESCE(last_name, '')", search, mark)})`)
  if (isOperator !== undefined) where.add((mark) => `operator = ${mark(isOperator ? 1 : 0)}`)
  if (isDisabled !== undefined) where.add(() => `disabled_ms IS ${isDisabled ? 'NOT ' : ''}NULL`)
  const { values } = where
  const rows = await sql.all(`SELECT ${PERSON} FROM users${where.text} ORDER BY created_ms DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  return { rows: rows.map(readPerson), total: int(await one(sql, `SELECT COUNT(*) AS total FROM users${where.text}`, ...values), 'total') }
}

export async function findPerson(sql: Sql, id: string): Promise<PersonSummary | undefined> {
  const row = await one(sql, `SELECT ${PERSON} FROM users WHERE id = $1`, id)
  return row && readPerson(row)
}

function readPerson(row: Row): PersonSummary {
  return { ...readUser(row), isOperator: int(row, 'operator') !== 0, accounts: int(row, 'accounts') }
}

export async function changePerson(sql: Sql, id: string, { disabled, operator, twoFactor }: PersonChange, change: Change): Promise<PersonSummary | PersonRefusal> {
  const before = await findPerson(sql, id)
  if (!before) return 'no_person'
  const isRunning = before.isOperator && before.disabledMs === null
  if (isRunning && (disabled === true || operator === false) && !await one(sql, 'SELECT id FROM users WHERE operator = 1 AND disabled_ms IS NULL AND id <> $1', id)) return 'last_operator'
  if (disabled !== undefined) await setUserDisabled(sql, id, disabled, change)
  if (operator !== undefined && operator !== before.isOperator) {
    await sql.run('UPDATE users SET operator = $1, updated_ms = $2 WHERE id = $3', operator ? 1 : 0, change.nowMs, id)
    await writeAudit(sql, { accountId: INSTANCE_ACCOUNT, ...change, action: operator ? 'operator.add' : 'operator.remove', target: id, before: { email: before.email, operator: !operator }, after: { email: before.email, operator } })
  }
  if (twoFactor === false) await endTwoFactor(sql, id, change)
  return await findPerson(sql, id) ?? 'no_person'
}

/** In the log of every account that they are in: what guards each of them is less from now on. */
async function endTwoFactor(sql: Sql, userId: string, change: Change): Promise<void> {
  await sql.run('UPDATE users SET two_factor = 0 WHERE id = $1', userId)
  if (await sql.run('DELETE FROM two_factors WHERE user_id = $1', userId) === 0) return
  const accounts = await accountsOf(sql, userId)
  for (const accountId of [INSTANCE_ACCOUNT, ...accounts.map(({ account }) => account.id)]) await writeAudit(sql, { accountId, ...change, action: 'two_factor.disable', target: userId })
}
