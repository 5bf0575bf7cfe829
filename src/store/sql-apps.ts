import type { Allowed, AppStore, AuthCode, RedeemRefusal } from '../accounts/apps/auth-code.ts'
import type { InsertKey } from '../accounts/key-store.ts'
import type { Change } from '../accounts/people-store.ts'
import { allowAuthCode, endAuthCode, findAuthCode, insertAuthCode, redeemAuthCode } from './app-rows.ts'
import type { Database } from './sql.ts'

/** What the port of apps says is stored, in a database: each method is one transaction. */
export class SqlApps implements AppStore {
  constructor(private readonly database: Database) {}

  insertAuthCode(hash: string, code: AuthCode, change: Change): Promise<boolean> {
    return this.database.write((sql) => insertAuthCode(sql, hash, code, change))
  }

  authCode(hash: string): Promise<AuthCode | undefined> {
    return this.database.read((sql) => findAuthCode(sql, hash))
  }

  allowAuthCode(tokenHash: string, allowed: Allowed, change: Change): Promise<AuthCode | undefined> {
    return this.database.write((sql) => allowAuthCode(sql, tokenHash, allowed, change))
  }

  endAuthCode(hash: string): Promise<boolean> {
    return this.database.write((sql) => endAuthCode(sql, hash))
  }

  redeemAuthCode(hash: string, insert: InsertKey): Promise<RedeemRefusal | undefined> {
    return this.database.write((sql) => redeemAuthCode(sql, hash, insert))
  }
}
