import type { Domain, DomainState } from '../accounts/domain.ts'
import type { Change, Listed, Page } from '../accounts/people-store.ts'
import { writeAudit } from './audit-rows.ts'
import { int, intOrNull, one, text, type Row, type Sql } from './sql.ts'

const COLUMNS = 'account_id, id, domain, state, proof, created_ms, activated_ms, disabled_ms'

export async function listDomains(sql: Sql, accountId: string, { offset, limit }: Page): Promise<Listed<Domain>> {
  const rows = await sql.all(`SELECT ${COLUMNS} FROM domains WHERE account_id = $1 ORDER BY created_ms, id LIMIT $2 OFFSET $3`, accountId, limit, offset)
  return { rows: rows.map(readDomain), total: int(await one(sql, 'SELECT COUNT(*) AS total FROM domains WHERE account_id = $1', accountId), 'total') }
}

export async function findDomain(sql: Sql, accountId: string, id: string): Promise<Domain | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM domains WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readDomain(row)
}

export async function findActiveDomain(sql: Sql, domain: string): Promise<Domain | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM domains WHERE domain = $1 AND state = 'active'`, domain)
  return row && readDomain(row)
}

export async function insertDomain(sql: Sql, { accountId, id, domain, proof, createdMs }: Domain, change: Change): Promise<boolean> {
  if (await sql.run(`INSERT INTO domains (${COLUMNS}) VALUES ($1, $2, $3, 'pending', $4, $5, NULL, NULL) ON CONFLICT (account_id, domain) DO NOTHING`, accountId, id, domain, proof, createdMs) === 0) return false
  await writeAudit(sql, { accountId, ...change, action: 'domain.add', target: id, after: { domain, state: 'pending' } })
  return true
}

export async function activateDomain(sql: Sql, accountId: string, id: string, proofs: readonly string[], change: Change): Promise<Domain | 'no_domain' | 'taken'> {
  const before = await findDomain(sql, accountId, id)
  if (!before) return 'no_domain'
  if (before.state === 'active') return before
  const other = await findActiveDomain(sql, before.domain)
  if (other && proofs.includes(other.proof)) return 'taken'
  // Who is asked by the DNS now is whose the domain is: it may have been sold.
  if (other) await setState(sql, other, 'disabled', change)
  return await setState(sql, before, 'active', change)
}

export async function disableDomain(sql: Sql, accountId: string, id: string, change: Change): Promise<Domain | undefined> {
  const before = await findDomain(sql, accountId, id)
  return before && before.state !== 'disabled' ? await setState(sql, before, 'disabled', change) : before
}

export async function deleteDomain(sql: Sql, accountId: string, id: string, change: Change): Promise<boolean> {
  const before = await findDomain(sql, accountId, id)
  if (!before) return false
  await sql.run('DELETE FROM domains WHERE account_id = $1 AND id = $2', accountId, id)
  await writeAudit(sql, { accountId, ...change, action: 'domain.delete', target: id, before: { domain: before.domain, state: before.state } })
  return true
}

async function setState(sql: Sql, before: Domain, state: 'active' | 'disabled', change: Change): Promise<Domain> {
  const { accountId, id, domain } = before
  const after: Domain = { ...before, state, ...(state === 'active' ? { activatedMs: change.nowMs, disabledMs: null } : { disabledMs: change.nowMs }) }
  await sql.run('UPDATE domains SET state = $1, activated_ms = $2, disabled_ms = $3 WHERE account_id = $4 AND id = $5', state, after.activatedMs, after.disabledMs, accountId, id)
  await writeAudit(sql, { accountId, ...change, action: state === 'active' ? 'domain.activate' : 'domain.disable', target: id, before: { domain, state: before.state }, after: { domain, state } })
  return after
}

function readDomain(row: Row): Domain {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), domain: text(row, 'domain'), proof: text(row, 'proof'),
    // Written by setState and insertDomain, from the same type.
    state: text(row, 'state') as DomainState,
    createdMs: int(row, 'created_ms'), activatedMs: intOrNull(row, 'activated_ms'), disabledMs: intOrNull(row, 'disabled_ms'),
  }
}
