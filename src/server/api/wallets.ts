import { z } from 'zod'
import type { Moved, WalletEntry, WalletRecord } from '../../accounts/wallet.ts'
import { NO_PRICES } from '../../catalog/price-list.ts'
import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import { parseUsd, usdNumber } from '../../core/nano.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn, callerOf } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { changedPrices, PRICE_FIELDS, priceRow } from './price-list-body.ts'
import { flag, readQuery, text } from './query.ts'

const TEXT = { error: 'must be a text' }
const METADATA = { error: 'must be an object' }
const metadata = z.record(z.string(), z.json(), METADATA)
const priceList = z.string({ error: 'must be the id of a price list, or null' }).nullable()

const FIELDS = { name: z.string(TEXT).optional(), metadata: metadata.optional(), price_list_id: priceList.optional(), ...PRICE_FIELDS } as const
const NEW_WALLET = z.strictObject({ external_id: z.string(TEXT), ...FIELDS })
const WALLET_CHANGE = z.strictObject({ external_id: z.string(TEXT).optional(), closed: z.boolean({ error: 'must be true or false' }).optional(), ...FIELDS })

const AMOUNT = { error: 'must be an amount of USD above 0 and up to 1000000000, with at most nine decimals, as 25 or "0.5"' }
const AMOUNT_MAX = 1_000_000_000n * 1_000_000_000n
const amount = z.union([z.string(AMOUNT), z.number(AMOUNT)], AMOUNT).transform((said) => parseUsd(String(said)) ?? 0n).refine((nano) => nano > 0n && nano <= AMOUNT_MAX, AMOUNT)
const REASON = { error: 'must be a text of 1 to 500 characters: it stands in the ledger' }
const REFERENCE = { error: 'must be a text of 1 to 200 characters that stands for this movement alone' }
const MOVE_FIELDS = { amount_usd: amount, reason: z.string(REASON).trim().min(1, REASON).max(500, REASON), reference: z.string(REFERENCE).min(1, REFERENCE).max(200, REFERENCE).optional() } as const
const MOVE = z.strictObject(MOVE_FIELDS)
const TRANSFER = z.strictObject({ to: z.string({ error: 'must be the id of a wallet' }), ...MOVE_FIELDS })

const LIST_QUERY = { ...PAGE, external_id: text, closed: flag } as const

/** `GET /wallet`: what a key of a customer's may know of its wallet. Only this server has wallets. */
export const getOwnWallet: Route = {
  method: 'GET', path: '/wallet', auth: 'key',
  async handle(context) {
    const { accountId, key } = callerOf(context)
    if (key.wallet === undefined) throw new Fault('not_found', 'This key is of no wallet. Management keys see all: GET /api/v1/wallets.')
    const { externalId, name, credits, closedMs } = await context.services.wallets.get(accountId, key.wallet)
    return { data: { external_id: externalId, name, ...creditsRow(credits), closed: closedMs !== null } }
  },
}

/** `GET /wallets`: newest first. */
export const listWallets: Route = {
  method: 'GET', path: '/wallets', auth: 'management', operation: 'wallets.read',
  async handle(context) {
    const query = readQuery(context.url.searchParams, LIST_QUERY)
    const { rows, total } = await context.services.wallets.list(accessIn(context).accountId, {
      ...pageOf(query), ...(query.external_id !== undefined && { externalId: query.external_id }), ...(query.closed !== undefined && { isClosed: query.closed }),
    })
    return { data: rows.map(walletRow), total_count: total }
  },
}

/** `POST /wallets`. */
export const createWallet: Route = {
  method: 'POST', path: '/wallets', auth: 'management', operation: 'wallets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const body = await readBody(context, NEW_WALLET)
    const wallet = await context.services.wallets.create({ accountId, externalId: body.external_id, ...said(body), prices: changedPrices(NO_PRICES, body) }, actor)
    return Response.json({ data: walletRow(wallet) }, { status: 201 })
  },
}

/** `GET /wallets/{id}`. */
export const getWallet: Route = {
  method: 'GET', path: '/wallets/{id}', auth: 'management', operation: 'wallets.read',
  handle: async (context) => ({ data: walletRow(await walletOf(context)) }),
}

/** `PATCH /wallets/{id}`: what is left out stays as it is. */
export const changeWallet: Route = {
  method: 'PATCH', path: '/wallets/{id}', auth: 'management', operation: 'wallets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const before = await walletOf(context)
    const body = await readBody(context, WALLET_CHANGE)
    const wallet = await context.services.wallets.change(accountId, before.id, {
      ...(body.external_id !== undefined && { externalId: body.external_id }), ...said(body), ...(body.closed !== undefined && { isClosed: body.closed }),
      ...((body.markup_percent !== undefined || body.models !== undefined) && { prices: changedPrices(before.prices, body) }),
    }, actor)
    return { data: walletRow(wallet) }
  },
}

/** `DELETE /wallets/{id}`: closed. Its books stay, and what is left in it can still be taken. */
export const closeWallet: Route = {
  method: 'DELETE', path: '/wallets/{id}', auth: 'management', operation: 'wallets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    return { data: walletRow(await context.services.wallets.change(accountId, (await walletOf(context)).id, { isClosed: true }, actor)) }
  },
}

/** `POST /wallets/{id}/grant`: adds to it. */
export const grantToWallet: Route = movement('/wallets/{id}/grant', 1n)

/** `POST /wallets/{id}/take`: takes from it, never below zero. */
export const takeFromWallet: Route = movement('/wallets/{id}/take', -1n)

/** `POST /wallets/{id}/transfer`: from it to another. */
export const transferBetweenWallets: Route = {
  method: 'POST', path: '/wallets/{id}/transfer', auth: 'management', operation: 'wallets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { id: walletId } = await walletOf(context)
    const body = await readBody(context, TRANSFER)
    return { data: movedRow(await context.services.wallets.transfer({ accountId, walletId, amount: body.amount_usd, reason: body.reason, reference: body.reference ?? null }, body.to, actor)) }
  },
}

/** `GET /wallets/{id}/entries`: newest first. */
export const listWalletEntries: Route = {
  method: 'GET', path: '/wallets/{id}/entries', auth: 'management', operation: 'wallets.read',
  async handle(context) {
    const { rows, total } = await context.services.wallets.entries(accessIn(context).accountId, context.params['id'] ?? '', pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(entryRow), total_count: total }
  },
}

function movement(path: string, sign: bigint): Route {
  return {
    method: 'POST', path, auth: 'management', operation: 'wallets.change',
    async handle(context) {
      const { accountId, actor } = accessIn(context)
      const { id: walletId } = await walletOf(context)
      const body = await readBody(context, MOVE)
      return { data: movedRow(await context.services.wallets.move({ accountId, walletId, amount: sign * body.amount_usd, reason: body.reason, reference: body.reference ?? null }, actor)) }
    },
  }
}

async function walletOf(context: RouteContext): Promise<WalletRecord> {
  return await context.services.wallets.get(accessIn(context).accountId, context.params['id'] ?? '')
}

function said(body: { readonly name?: string | undefined; readonly metadata?: Readonly<Record<string, Json>> | undefined; readonly price_list_id?: string | null | undefined }) {
  return { ...(body.name !== undefined && { name: body.name }), ...(body.metadata !== undefined && { metadata: body.metadata }), ...(body.price_list_id !== undefined && { priceListId: body.price_list_id }) }
}

function walletRow(wallet: WalletRecord): object {
  const { id, externalId, name, metadata: labels, prices, priceListId, credits, createdMs, updatedMs, closedMs } = wallet
  return {
    id, external_id: externalId, name, metadata: labels, ...creditsRow(credits), ...priceRow(prices), price_list_id: priceListId, closed: closedMs !== null,
    created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs), closed_at: timeOrNull(closedMs),
  }
}

function creditsRow({ total, used }: WalletRecord['credits']): object {
  return { balance_usd: usdNumber(total - used), granted_usd: usdNumber(total), used_usd: usdNumber(used) }
}

function movedRow({ credits, isRepeated }: Moved): object {
  return { ...creditsRow(credits), repeated: isRepeated }
}

function entryRow({ id, kind, amount: nano, reason, reference, atMs }: WalletEntry): object {
  return { id, kind, amount_usd: usdNumber(nano), reason, reference, at: timeOrNull(atMs) }
}
