import type { Credits, Granted, KeyChange, KeyRecord } from '../accounts/accounts.ts'
import type { Actor } from '../accounts/audit-entry.ts'
import type { Change } from '../accounts/people-store.ts'
import type { CreditMove, FoundKey, Grant, InsertKey, KeyPage, KeyRefusal, KeyStore, KeyUse, MoveRefusal, Rotation } from '../accounts/key-store.ts'
import { defaultWorkspaceId } from '../accounts/workspace.ts'
import type { NewPresetVersion, Preset, PresetStore, PresetVersion } from '../accounts/presets.ts'
import type { PolicyRules } from '../catalog/policy-rules.ts'
import type { Assignment, KeptAssignment, AssigneeKind, Guardrail } from '../guardrails/guardrail.ts'
import type { AccountRules, KeyAssignment, Listed, Page, RuleStore } from '../guardrails/rule-store.ts'
import type { Bank, LeaseAnswer, LeaseAsk, LeaseReturn, Settled } from '../ledger/bank.ts'
import type { Generation } from '../ledger/generation.ts'
import { readGeneration } from '../ledger/line.ts'
import type { Cap, SliceAnswer, SliceAsk, SliceBank, WindowRef, WindowUse } from '../limits/slice-bank.ts'
import { changesSince, grantCredits, readCredits } from './account-rows.ts'
import { isClosed } from './closed-accounts.ts'
import { audit, type Audit } from './audit.ts'
import { changeKey, deleteKey, findKey, insertKey, keepKey, keyRecord, keyRefusal, listKeys, noteUses, rotateKey } from './key-rows.ts'
import { closeNodeLeases, grantLease, recallLeases, returnLeases } from './lease-rows.ts'
import { moveCredit } from './move-rows.ts'
import { beatNode, expireNode, readBeats } from './node-rows.ts'
import { addPresetVersion, findPreset, findPresetVersion, listPresets, listPresetVersions } from './preset-rows.ts'
import type { NodeBeat, StoreChanges } from './protocol.ts'
import { assignLogged, changeGuardrail, changeRules, dropGuardrail, unassignLogged } from './rule-log.ts'
import { findGuardrail, listGuardrails, listKeyAssignments, listMemberAssignments, readAccountRules } from './rule-rows.ts'
import { pruneLimitWindows, readWindowUse, recallSlice, takeSlice } from './slice-rows.ts'
import { closeBooksBefore, pruneBatch, type Cutoffs } from './retention.ts'
import { settleEnds } from './settlement.ts'
import { int, one, text, type Database } from './sql.ts'
import { TagBook } from './tag-book.ts'
import { Touched } from './touched.ts'

/** What the ports of ledger and accounts say is stored, in a database: each method is one transaction. */
export class SqlStore implements Bank, KeyStore, RuleStore, PresetStore, SliceBank {
  private readonly tagBook = new TagBook()

  /** `touched`: where those who look for alerts find what was used. */
  constructor(private readonly database: Database, private readonly touched = new Touched()) {}

  lease(asks: readonly LeaseAsk[], nowMs: number): Promise<readonly LeaseAnswer[]> {
    return this.database.writeBeside(async (sql) => {
      const nodes = int(await one(sql, 'SELECT COUNT(*) AS nodes FROM nodes'), 'nodes')
      const answers: LeaseAnswer[] = []
      for (const ask of asks) answers.push(await grantLease(sql, ask, nodes, nowMs))
      return answers
    })
  }

  giveBack(returns: readonly LeaseReturn[]): Promise<void> {
    return this.database.writeBeside((sql) => returnLeases(sql, returns))
  }

  async settle(lines: readonly string[], nowMs: number): Promise<Settled> {
    const touched = new Touched()
    const settled = await this.database.writeBeside((sql) => settleEnds(sql, lines, nowMs, { tagBook: this.tagBook, touched }))
    this.touched.add(touched)
    return settled
  }

  recall(accountId: string, nodeId: string): Promise<void> {
    return this.database.writeBeside((sql) => recallLeases(sql, accountId, nodeId))
  }

  openNode(nodeId: string, nowMs: number): Promise<void> {
    return this.database.writeBeside(async (sql) => {
      await sql.run('INSERT INTO nodes (id, opened_ms, beat) VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE SET opened_ms = excluded.opened_ms, beat = nodes.beat + 1', nodeId, nowMs)
    })
  }

  closeNode(nodeId: string): Promise<void> {
    return this.database.writeBeside((sql) => closeNodeLeases(sql, nodeId))
  }

  async beat(nodeId: string, nowMs: number): Promise<readonly NodeBeat[]> {
    await this.database.writeBeside((sql) => beatNode(sql, nodeId, nowMs))
    return this.beats()
  }

  /** The beats of all nodes. */
  beats(): Promise<readonly NodeBeat[]> {
    return this.database.read(readBeats)
  }

  expireNode(nodeId: string, beat: bigint): Promise<boolean> {
    return this.database.writeBeside((sql) => expireNode(sql, nodeId, beat))
  }

  findKey(secretHash: string): Promise<FoundKey | undefined> {
    return this.database.read((sql) => findKey(sql, secretHash))
  }

  insertKey(insert: InsertKey): Promise<KeyRefusal | undefined> {
    const { key } = insert
    return this.database.write(async (sql) => await keyRefusal(sql, key, key.workspaceId === defaultWorkspaceId(key.accountId)) ?? insertKey(sql, insert))
  }

  keepKey(insert: InsertKey): Promise<void> {
    return this.database.write((sql) => keepKey(sql, insert))
  }

  listKeys(accountId: string, page: KeyPage, nowMs: number): Promise<readonly KeyRecord[]> {
    return this.database.read((sql) => listKeys(sql, accountId, page, nowMs))
  }

  keyRecord(accountId: string, hash: string, nowMs: number): Promise<KeyRecord | undefined> {
    return this.database.read((sql) => keyRecord(sql, accountId, hash, nowMs))
  }

  changeKey(accountId: string, hash: string, change: KeyChange, by: Actor, nowMs: number): Promise<KeyRecord | undefined> {
    return this.database.write((sql) => changeKey(sql, accountId, hash, change, by, nowMs))
  }

  rotateKey(accountId: string, hash: string, rotation: Rotation): Promise<KeyRecord | undefined> {
    return this.database.write((sql) => rotateKey(sql, accountId, hash, rotation))
  }

  deleteKey(accountId: string, hash: string, by: Actor, nowMs: number): Promise<boolean> {
    return this.database.write((sql) => deleteKey(sql, accountId, hash, by, nowMs))
  }

  noteUses(uses: readonly KeyUse[]): Promise<void> {
    return this.database.writeBeside((sql) => noteUses(sql, uses))
  }

  insertFirstKey({ insert, grant }: { readonly insert: InsertKey; readonly grant: Grant }): Promise<boolean | 'closed'> {
    return this.database.write(async (sql) => {
      if (await isClosed(sql, grant.accountId)) return 'closed'
      await grantCredits(sql, grant)
      if (await one(sql, 'SELECT hash FROM keys WHERE account_id = $1', insert.key.accountId)) return false
      return await insertKey(sql, insert) === undefined
    })
  }

  credits(accountId: string): Promise<Credits> {
    return this.database.read((sql) => readCredits(sql, accountId))
  }

  async grant(grant: Grant): Promise<Granted | 'closed' | undefined> {
    const granted = await this.database.write(async (sql) => (await isClosed(sql, grant.accountId) ? 'closed' : await grantCredits(sql, grant)))
    this.touched.note('balance', grant.accountId, '', grant.nowMs)
    return granted
  }

  moveCredit(move: CreditMove): Promise<Granted | MoveRefusal> {
    return this.database.write((sql) => moveCredit(sql, move))
  }

  generation(accountId: string, id: string): Promise<Generation | undefined> {
    return this.database.read(async (sql) => {
      const row = await one(sql, 'SELECT record FROM generations WHERE account_id = $1 AND id = $2', accountId, id)
      return row && readGeneration(text(row, 'record'))
    })
  }

  accountRules(accountId: string): Promise<AccountRules> {
    return this.database.read((sql) => readAccountRules(sql, accountId))
  }

  putRules(accountId: string, keyHash: string, rules: PolicyRules, change: Change): Promise<boolean> {
    return this.database.write((sql) => changeRules(sql, accountId, keyHash, rules, change))
  }

  listGuardrails(accountId: string, workspaceId: string, page: Page): Promise<Listed<Guardrail>> {
    return this.database.read((sql) => listGuardrails(sql, accountId, workspaceId, page))
  }

  guardrail(accountId: string, id: string): Promise<Guardrail | undefined> {
    return this.database.read((sql) => findGuardrail(sql, accountId, id))
  }

  putGuardrail(guardrail: Guardrail, change: Change): Promise<void> {
    return this.database.write((sql) => changeGuardrail(sql, guardrail, change))
  }

  deleteGuardrail(accountId: string, id: string, change: Change): Promise<boolean> {
    return this.database.write((sql) => dropGuardrail(sql, accountId, id, change))
  }

  assign(accountId: string, assignments: readonly Assignment[], change: Change): Promise<readonly string[]> {
    return this.database.write((sql) => assignLogged(sql, accountId, assignments, change))
  }

  unassign(accountId: string, guardrailId: string, kind: AssigneeKind, targets: readonly string[], change: Change): Promise<number> {
    return this.database.write((sql) => unassignLogged(sql, accountId, guardrailId, kind, targets, change))
  }

  listKeyAssignments(accountId: string, guardrailId: string | undefined, page: Page): Promise<Listed<KeyAssignment>> {
    return this.database.read((sql) => listKeyAssignments(sql, accountId, guardrailId, page))
  }

  listMemberAssignments(accountId: string, guardrailId: string | undefined, page: Page): Promise<Listed<KeptAssignment>> {
    return this.database.read((sql) => listMemberAssignments(sql, accountId, guardrailId, page))
  }

  preset(accountId: string, slug: string): Promise<Preset | undefined> {
    return this.database.read((sql) => findPreset(sql, accountId, slug))
  }

  listPresets(accountId: string, page: Page): Promise<Listed<Preset>> {
    return this.database.read((sql) => listPresets(sql, accountId, page))
  }

  addPresetVersion(version: NewPresetVersion): Promise<Preset> {
    return this.database.write((sql) => addPresetVersion(sql, version))
  }

  listPresetVersions(accountId: string, slug: string, page: Page): Promise<Listed<PresetVersion> | undefined> {
    return this.database.read((sql) => listPresetVersions(sql, accountId, slug, page))
  }

  presetVersion(accountId: string, slug: string, version: number): Promise<PresetVersion | undefined> {
    return this.database.read((sql) => findPresetVersion(sql, accountId, slug, version))
  }

  takeSlices(asks: readonly SliceAsk[]): Promise<readonly SliceAnswer[]> {
    return this.database.writeBeside(async (sql) => {
      const nodes = int(await one(sql, 'SELECT COUNT(*) AS nodes FROM nodes'), 'nodes')
      const answers: SliceAnswer[] = []
      for (const ask of asks) answers.push(await takeSlice(sql, ask, nodes))
      return answers
    })
  }

  recallSlices(windows: readonly WindowRef[], nodeId: string): Promise<void> {
    return this.database.write(async (sql) => {
      for (const window of windows) await recallSlice(sql, window, nodeId)
    })
  }

  windowUse(window: WindowRef, cap: Cap): Promise<WindowUse> {
    return this.database.read((sql) => readWindowUse(sql, window, cap))
  }

  pruneWindows(beforeMs: number): Promise<void> {
    return this.database.write((sql) => pruneLimitWindows(sql, beforeMs))
  }

  closeBooksBefore(generationsMs: number): Promise<void> {
    return this.database.writeBeside((sql) => closeBooksBefore(sql, generationsMs))
  }

  prune(cutoffs: Cutoffs): Promise<number> {
    return this.database.writeBeside((sql) => pruneBatch(sql, cutoffs))
  }

  /** The revision that the store is at. */
  revision(): Promise<bigint> {
    return this.database.read(async (sql) => BigInt((await one(sql, "SELECT value FROM counters WHERE name = 'revision'"))?.['value'] ?? 0))
  }

  changesSince(revision: bigint): Promise<StoreChanges & { readonly revision: bigint }> {
    return this.database.read((sql) => changesSince(sql, revision))
  }

  verify(): Promise<Audit> {
    return this.database.report(audit)
  }
}
