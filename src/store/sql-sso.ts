import type { Change } from '../accounts/people-store.ts'
import type { Role } from '../accounts/roles.ts'
import type { JoinRefusal, SealedSso, SsoChange, SsoConnection, SsoState, SsoStore } from '../accounts/sso-connection.ts'
import { changeSso, deleteSso, findSso, insertSso, joinBySso, joinRefusal, listSso, resealSso, setSsoState, ssoSealedByOthers } from './sso-rows.ts'
import { one, type Database } from './sql.ts'

/** What the port of single sign-on says is stored, in a database: each method is one transaction. */
export class SqlSso implements SsoStore {
  constructor(private readonly database: Database) {}

  listSso(accountId: string): Promise<readonly SsoConnection[]> {
    return this.database.read((sql) => listSso(sql, accountId))
  }

  async sso(id: string): Promise<SsoConnection | undefined> {
    const found = await this.sealedSso(id)
    if (!found) return undefined
    const { sealed: _sealed, ...connection } = found
    return connection
  }

  sealedSso(id: string): Promise<SealedSso | undefined> {
    return this.database.read((sql) => findSso(sql, id))
  }

  insertSso(connection: SealedSso, change: Change): Promise<boolean> {
    return this.database.write((sql) => insertSso(sql, connection, change))
  }

  changeSso(accountId: string, id: string, wish: SsoChange, change: Change): Promise<SsoConnection | undefined> {
    return this.database.write((sql) => changeSso(sql, accountId, id, wish, change))
  }

  setSsoState(accountId: string, id: string, state: SsoState, change: Change): Promise<SsoConnection | 'other_active' | undefined> {
    return this.database.write((sql) => setSsoState(sql, accountId, id, state, change))
  }

  deleteSso(accountId: string, id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => deleteSso(sql, accountId, id, change))
  }

  isOperatorAddress(email: string): Promise<boolean> {
    return this.database.read(async (sql) => await one(sql, 'SELECT id FROM users WHERE email = $1 AND operator = 1', email) !== undefined)
  }

  joinRefusal(accountId: string, email: string): Promise<JoinRefusal | undefined> {
    return this.database.read((sql) => joinRefusal(sql, accountId, email))
  }

  joinBySso(accountId: string, userId: string, role: Role, nowMs: number): Promise<JoinRefusal | undefined> {
    return this.database.write((sql) => joinBySso(sql, accountId, userId, role, nowMs))
  }

  ssoSealedByOthers(sealKeyId: string, limit: number): Promise<readonly SealedSso[]> {
    return this.database.read((sql) => ssoSealedByOthers(sql, sealKeyId, limit))
  }

  resealSso(id: string, before: string, after: string): Promise<boolean> {
    return this.database.write((sql) => resealSso(sql, id, before, after))
  }
}
