import type { WalletSums } from '../../accounts/wallet.ts'
import { Fault } from '../../core/fault.ts'
import { usdNumber } from '../../core/nano.ts'
import type { Route } from '../route.ts'
import { accessIn } from './caller.ts'
import { dateOf, dayParameter } from './data-days.ts'
import { oneOf, readQuery } from './query.ts'

const DAY_MS = 86_400_000
const DAYS_DEFAULT = 30
const QUERY = { from: dayParameter, until: dayParameter, by: oneOf(['wallet', 'model']) } as const

/** `GET /wallets/report`: what customers paid, what it cost, and the margin, by wallet, or by wallet and model; of whole days (UTC), the last 30 unless said. */
export const walletReport: Route = {
  method: 'GET', path: '/wallets/report', auth: 'management', operation: 'wallets.read',
  async handle(context) {
    const query = readQuery(context.url.searchParams, QUERY)
    const today = Math.floor(context.services.clock.wallMs() / DAY_MS)
    const untilDay = query.until ?? today + 1
    const fromDay = query.from ?? untilDay - DAYS_DEFAULT
    if (fromDay >= untilDay) throw new Fault('invalid_request', 'The query parameter `from` must be a day before `until`.', { metadata: { field: 'from' } })
    const rows = await context.services.wallets.sums(accessIn(context).accountId, { fromDay, untilDay }, query.by ?? 'wallet')
    return { data: rows.map(sumsRow), from: dateOf(fromDay), until: dateOf(untilDay) }
  },
}

function sumsRow({ walletId, externalId, name, model, requests, charged, cost }: WalletSums): object {
  return { wallet_id: walletId, external_id: externalId, name, ...(model !== null && { model }), requests: Number(requests), charged_usd: usdNumber(charged), cost_usd: usdNumber(cost), margin_usd: usdNumber(charged - cost) }
}
