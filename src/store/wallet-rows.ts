import type { Change, Listed, Page } from '../accounts/people-store.ts'
import type { Moved, MoveRefusal, NamedPriceList, Wallet, WalletChange, WalletEntry, WalletMove, WalletPage, WalletRecord, WalletSums } from '../accounts/wallet.ts'
import type { KeyUsage } from '../accounts/accounts.ts'
import { priceListJson, readPriceList, type PriceList, type PriceListJson } from '../catalog/price-list.ts'
import { formatUsd } from '../core/nano.ts'
import type { Json } from '../core/json.ts'
import { PERIODS, windowAt } from '../ledger/window.ts'
import { grantCredits, readCredits, readCreditsOf } from './account-rows.ts'
import { writeAudit } from './audit-rows.ts'
import { isClosed } from './closed-accounts.ts'
import { noteRules } from './rule-rows.ts'
import { nextRevision } from './schema.ts'
import { big, int, intOrNull, one, text, textOrNull, tuples, type Row, type Sql, type SqlValue } from './sql.ts'

const COLUMNS = 'account_id, id, external_id, name, metadata, prices, price_list_id, created_ms, updated_ms, closed_ms'

/** By its id, or by what the reseller calls its customer. */
export type WalletName = { readonly id: string } | { readonly externalId: string }

export async function findWallet(sql: Sql, accountId: string, by: WalletName): Promise<Wallet | undefined> {
  const row = await one(sql, `SELECT ${COLUMNS} FROM wallets WHERE account_id = $1 AND ${'id' in by ? 'id' : 'external_id'} = $2`, accountId, 'id' in by ? by.id : by.externalId)
  return row && readWallet(row)
}

export async function walletRecord(sql: Sql, accountId: string, by: WalletName): Promise<WalletRecord | undefined> {
  const wallet = await findWallet(sql, accountId, by)
  return wallet && { ...wallet, credits: await readCredits(sql, wallet.id) }
}

export async function listWallets(sql: Sql, accountId: string, { externalId, isClosed, offset, limit }: WalletPage): Promise<Listed<WalletRecord>> {
  const values: SqlValue[] = [accountId, ...(externalId === undefined ? [] : [externalId])]
  const where = `account_id = $1${externalId === undefined ? '' : ' AND external_id = $2'}${isClosed === undefined ? '' : ` AND closed_ms IS ${isClosed ? 'NOT ' : ''}NULL`}`
  const rows = await sql.all(`SELECT ${COLUMNS} FROM wallets WHERE ${where} ORDER BY created_ms DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  const credits = await readCreditsOf(sql, rows.map((row) => text(row, 'id')))
  const records = rows.map((row): WalletRecord => ({ ...readWallet(row), credits: credits.get(text(row, 'id')) ?? { total: 0n, used: 0n } }))
  return { rows: records, total: int(await one(sql, `SELECT COUNT(*) AS total FROM wallets WHERE ${where}`, ...values), 'total') }
}

/** With an account's books of its own. */
export async function insertWallet(sql: Sql, wallet: Wallet, { by, nowMs }: Change): Promise<'taken' | 'no_list' | undefined> {
  const { accountId, id, externalId, name, metadata, prices, priceListId, createdMs } = wallet
  if (await findWallet(sql, accountId, { externalId })) return 'taken'
  if (priceListId !== null && !await findPriceList(sql, accountId, priceListId)) return 'no_list'
  await sql.run("INSERT INTO accounts (id, balance, granted, written_off, created_ms, changed, kind, name) VALUES ($1, 0, 0, 0, $2, $3, 'wallet', '')", id, createdMs, await nextRevision(sql))
  await sql.run(`INSERT INTO wallets (${COLUMNS}) VALUES ${tuples(1, 10)}`, accountId, id, externalId, name, JSON.stringify(metadata), JSON.stringify(priceListJson(prices)), priceListId, createdMs, null, null)
  await noteRules(sql, accountId)
  await writeAudit(sql, { accountId, by, nowMs, action: 'wallet.create', target: id, after: seen(wallet) })
  return undefined
}

export async function changeWallet(sql: Sql, accountId: string, id: string, wish: WalletChange, { by, nowMs }: Change): Promise<WalletRecord | 'no_wallet' | 'taken' | 'no_list'> {
  const before = await findWallet(sql, accountId, { id })
  if (!before) return 'no_wallet'
  const { isClosed, ...fields } = wish
  // Its own fields, fewer of them.
  const said = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Wallet>
  const after: Wallet = { ...before, ...said, updatedMs: nowMs, closedMs: isClosed === undefined ? before.closedMs : isClosed ? before.closedMs ?? nowMs : null }
  const sameName = await findWallet(sql, accountId, { externalId: after.externalId })
  if (sameName && sameName.id !== id) return 'taken'
  if (after.priceListId !== null && !await findPriceList(sql, accountId, after.priceListId)) return 'no_list'
  await sql.run('UPDATE wallets SET external_id = $1, name = $2, metadata = $3, prices = $4, price_list_id = $5, updated_ms = $6, closed_ms = $7 WHERE account_id = $8 AND id = $9',
    after.externalId, after.name, JSON.stringify(after.metadata), JSON.stringify(priceListJson(after.prices)), after.priceListId, nowMs, after.closedMs, accountId, id)
  await noteRules(sql, accountId)
  await writeAudit(sql, { accountId, by, nowMs, action: after.closedMs !== null && before.closedMs === null ? 'wallet.close' : 'wallet.change', target: id, before: seen(before), after: seen(after) })
  return { ...after, credits: await readCredits(sql, id) }
}

export async function walletEntries(sql: Sql, accountId: string, id: string, { offset, limit }: Page): Promise<Listed<WalletEntry>> {
  if (!await findWallet(sql, accountId, { id })) return { rows: [], total: 0 }
  const rows = await sql.all("SELECT id, kind, amount, reason, reference, at_ms FROM entries WHERE account_id = $1 AND book = 'balance' ORDER BY at_ms DESC, id DESC LIMIT $2 OFFSET $3", id, limit, offset)
  const total = await one(sql, "SELECT COUNT(*) AS total FROM entries WHERE account_id = $1 AND book = 'balance'", id)
  return { rows: rows.map((row) => ({ id: text(row, 'id'), kind: text(row, 'kind'), amount: big(row, 'amount'), reason: text(row, 'reason'), reference: textOrNull(row, 'reference'), atMs: int(row, 'at_ms') })), total: int(total, 'total') }
}

/** Takings first, so that what is refused has changed nothing. */
export async function moveWallets(sql: Sql, moves: readonly WalletMove[], { by, nowMs }: Change): Promise<Moved | MoveRefusal> {
  for (const { accountId, walletId } of moves) if (!await findWallet(sql, accountId, { id: walletId })) return 'no_wallet'
  const [first] = moves
  if (!first) return 'no_wallet'
  if (await isClosed(sql, first.walletId)) return 'closed'
  const known: Awaited<ReturnType<typeof earlier>>[] = []
  for (const move of moves) known.push(await earlier(sql, move))
  if (known.some((state) => state === 'same')) return known.every((state) => state === 'same') ? { credits: await readCredits(sql, first.walletId), isRepeated: true } : 'other_move'
  if (known.includes('other')) return 'other_move'
  for (const { accountId, walletId, amount, reason, reference } of moves) {
    if (!await grantCredits(sql, { accountId: walletId, amount, reason, reference, nowMs }, { kind: moves.length > 1 ? 'transfer' : undefined })) {
      // A grant that comes after a taking is refused only where it is too much: then all is undone.
      if (amount > 0n) throw new TooMuch()
      return 'too_little'
    }
    await noteFill(sql, { accountId, walletId, amount, nowMs })
    await writeAudit(sql, { accountId, by, nowMs, action: amount < 0n ? 'wallet.take' : 'wallet.grant', target: walletId, after: { amount_usd: formatUsd(amount), reason, reference } })
  }
  return { credits: await readCredits(sql, first.walletId), isRepeated: false }
}

/** Alerts count from what is there after it was added to. */
async function noteFill(sql: Sql, { accountId, walletId, amount, nowMs }: Pick<WalletMove, 'accountId' | 'walletId' | 'amount'> & Pick<Change, 'nowMs'>): Promise<void> {
  const { total, used } = await readCredits(sql, walletId)
  if (amount > 0n) await sql.run('UPDATE wallets SET filled = $1, filled_ms = $2 WHERE account_id = $3 AND id = $4', total - used, nowMs, accountId, walletId)
  else await sql.run('UPDATE wallets SET filled = filled + $1 WHERE account_id = $2 AND id = $3', amount, accountId, walletId)
}

/** Undoes a movement whose second half a balance cannot take. */
export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

async function earlier(sql: Sql, { walletId, amount, reference }: WalletMove): Promise<'none' | 'same' | 'other'> {
  const row = reference === null ? undefined : await one(sql, "SELECT amount FROM entries WHERE account_id = $1 AND reference = $2 AND book = 'balance'", walletId, reference)
  return row ? (big(row, 'amount') === amount ? 'same' : 'other') : 'none'
}

/** What a call of this wallet is priced by: its own prices, then those of its list. */
export async function walletPrices(sql: Sql, accountId: string, by: WalletName): Promise<{ readonly wallet: Wallet; readonly prices: readonly PriceList[] } | undefined> {
  const wallet = await findWallet(sql, accountId, by)
  if (!wallet) return undefined
  const list = wallet.priceListId === null ? undefined : await findPriceList(sql, accountId, wallet.priceListId)
  return { wallet, prices: [wallet.prices, ...(list ? [list] : [])] }
}

const LIST = 'account_id, id, name, prices, created_ms, updated_ms'

export async function listPriceLists(sql: Sql, accountId: string): Promise<NamedPriceList[]> {
  return (await sql.all(`SELECT ${LIST} FROM price_lists WHERE account_id = $1 ORDER BY name`, accountId)).map(readList)
}

export async function putPriceList(sql: Sql, wish: NamedPriceList, listsMax: number, { by, nowMs }: Change): Promise<NamedPriceList | 'too_many'> {
  const { accountId, name } = wish
  const row = await one(sql, `SELECT ${LIST} FROM price_lists WHERE account_id = $1 AND name = $2`, accountId, name)
  const before = row && readList(row)
  if (!before && int(await one(sql, 'SELECT COUNT(*) AS count FROM price_lists WHERE account_id = $1', accountId), 'count') >= listsMax) return 'too_many'
  const after = { ...wish, id: before?.id ?? wish.id, createdMs: before?.createdMs ?? wish.createdMs }
  await sql.run(`INSERT INTO price_lists (${LIST}) VALUES ${tuples(1, 6)} ON CONFLICT (account_id, name) DO UPDATE SET prices = excluded.prices, updated_ms = excluded.updated_ms`,
    accountId, after.id, name, JSON.stringify(priceListJson(after)), after.createdMs, nowMs)
  await noteRules(sql, accountId)
  await writeAudit(sql, { accountId, by, nowMs, action: 'price_list.set', target: after.id, ...(before && { before: { name, ...priceListJson(before) } }), after: { name, ...priceListJson(after) } })
  return after
}

export async function deletePriceList(sql: Sql, accountId: string, id: string, { by, nowMs }: Change): Promise<'no_list' | 'used' | undefined> {
  const before = await findPriceList(sql, accountId, id)
  if (!before) return 'no_list'
  if (await one(sql, 'SELECT id FROM wallets WHERE account_id = $1 AND price_list_id = $2 LIMIT 1', accountId, id)) return 'used'
  await sql.run('DELETE FROM price_lists WHERE account_id = $1 AND id = $2', accountId, id)
  await writeAudit(sql, { accountId, by, nowMs, action: 'price_list.delete', target: id, before: { name: before.name, ...priceListJson(before) } })
  return undefined
}

async function findPriceList(sql: Sql, accountId: string, id: string): Promise<NamedPriceList | undefined> {
  const row = await one(sql, `SELECT ${LIST} FROM price_lists WHERE account_id = $1 AND id = $2`, accountId, id)
  return row && readList(row)
}

/** What a key has cost its customer, in the windows that are open now. */
export async function walletKeyUse(sql: Sql, walletId: string, keyHash: string, nowMs: number): Promise<KeyUsage> {
  const rows = await sql.all('SELECT period, start_ms, cost FROM key_windows WHERE account_id = $1 AND key_hash = $2', walletId, keyHash)
  const [total = 0n, daily = 0n, weekly = 0n, monthly = 0n] = PERIODS.map((period) => {
    const { startMs } = windowAt(period, nowMs)
    return big(rows.find((row) => row['period'] === period && int(row, 'start_ms') === startMs), 'cost')
  })
  return { total, daily, weekly, monthly }
}

/** Of days and models: the wallet's own sums have its price as cost, and the reseller's cost as the provider's. */
export async function walletSums(sql: Sql, accountId: string, { fromDay, untilDay }: { readonly fromDay: number; readonly untilDay: number }, by: 'wallet' | 'model'): Promise<WalletSums[]> {
  const model = by === 'model' ? ', rollups_daily.model' : ''
  const rows = await sql.all(`SELECT wallets.id, wallets.external_id, wallets.name${model}, SUM(rollups_daily.requests) AS requests, SUM(rollups_daily.cost) AS charged, SUM(rollups_daily.upstream_cost) AS cost
    FROM wallets JOIN rollups_daily ON rollups_daily.account_id = wallets.id WHERE wallets.account_id = $1 AND rollups_daily.day >= $2 AND rollups_daily.day < $3
    GROUP BY wallets.id, wallets.external_id, wallets.name${model} ORDER BY charged DESC, wallets.id${model}`, accountId, fromDay, untilDay)
  return rows.map((row): WalletSums => ({
    walletId: text(row, 'id'), externalId: text(row, 'external_id'), name: text(row, 'name'), model: by === 'model' ? text(row, 'model') : null, requests: big(row, 'requests'), charged: big(row, 'charged'), cost: big(row, 'cost'),
  }))
}

/** As the log of changes shows it. */
function seen({ externalId, name, metadata, prices, priceListId, closedMs }: Wallet): object {
  return { external_id: externalId, name, metadata, ...priceListJson(prices), price_list_id: priceListId, closed: closedMs !== null }
}

function readWallet(row: Row): Wallet {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), externalId: text(row, 'external_id'), name: text(row, 'name'),
    // Written by insertWallet and changeWallet, from the same types.
    metadata: JSON.parse(text(row, 'metadata')) as Record<string, Json>, prices: readPriceList(JSON.parse(text(row, 'prices')) as PriceListJson), priceListId: textOrNull(row, 'price_list_id'),
    createdMs: int(row, 'created_ms'), updatedMs: intOrNull(row, 'updated_ms'), closedMs: intOrNull(row, 'closed_ms'),
  }
}

function readList(row: Row): NamedPriceList {
  // Written by putPriceList, from the same type.
  const prices = readPriceList(JSON.parse(text(row, 'prices')) as PriceListJson)
  return { ...prices, id: text(row, 'id'), accountId: text(row, 'account_id'), name: text(row, 'name'), createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms') }
}
