import type { ByokKey, SealedByokKey } from '../accounts/byok/byok-key.ts'
import type { ByokPage, ByokRefusal, ByokStore, StoredByokChange } from '../accounts/byok/byok-store.ts'
import type { Change, Listed } from '../accounts/people-store.ts'
import type { Nano } from '../core/nano.ts'
import { anySealed, changeByokKey, deleteByokKey, findByokKey, insertByokKey, listByokKeys, readByokBill, readSealedByokKeys, readSealedByOthers, resealByokKey } from './byok-rows.ts'
import type { Database } from './sql.ts'

/** What the port of keys that people bring says is stored, in a database: each method is one transaction. */
export class SqlByok implements ByokStore {
  constructor(private readonly database: Database) {}

  listByokKeys(accountId: string, page: ByokPage): Promise<Listed<ByokKey>> {
    return this.database.read((sql) => listByokKeys(sql, accountId, page))
  }

  byokKey(accountId: string, id: string): Promise<ByokKey | undefined> {
    return this.database.read((sql) => findByokKey(sql, accountId, id))
  }

  sealedByokKeys(accountId: string): Promise<readonly SealedByokKey[]> {
    return this.database.read((sql) => readSealedByokKeys(sql, accountId))
  }

  insertByokKey(key: Parameters<ByokStore['insertByokKey']>[0], change: Change): Promise<ByokKey | ByokRefusal> {
    return this.database.write((sql) => insertByokKey(sql, key, change))
  }

  changeByokKey(accountId: string, id: string, wish: StoredByokChange, change: Change): Promise<ByokKey | ByokRefusal> {
    return this.database.write((sql) => changeByokKey(sql, accountId, id, wish, change))
  }

  deleteByokKey(accountId: string, id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => deleteByokKey(sql, accountId, id, change))
  }

  byokSealedByOthers(sealKeyId: string, limit: number): Promise<readonly SealedByokKey[]> {
    return this.database.read((sql) => readSealedByOthers(sql, sealKeyId, limit))
  }

  resealByokKey(accountId: string, id: string, before: string, after: string): Promise<boolean> {
    return this.database.write((sql) => resealByokKey(sql, accountId, id, before, after))
  }

  hasSealed(): Promise<boolean> {
    return this.database.read(anySealed)
  }

  byokBill(accountId: string, monthStartMs: number): Promise<Nano> {
    return this.database.read((sql) => readByokBill(sql, accountId, monthStartMs))
  }
}
