import type { WalletSums } from '../../accounts/wallet.ts'
import { Fault } from '../../core/fault.ts'
import { usdNumber } from '../../core/nano.ts'
import type { Route } from '../route.ts'
import { accessIn } from './caller.ts'
import { oneOf, readQuery, text } from './query.ts'

const DAY_MS = 86_400_000
const DAYS_DEFAULT = 30
const QUERY = { from: text, until: text, by: oneOf(['wallet', 'model']) } as const

/** `GET /wallets/report`: what customers paid, what it cost, and the margin, by wallet, or by wallet and model; of whole days (UTC), the last 30 unless said. */
export const walletReport: Route = {
  method: 'GET', path: '/wallets/report', auth: 'management', operation: 'wallets.read',
  async handle(context) {
    const query = readQuery(context.url.searchParams, QUERY)
    const today = Math.floor(context.services.clock.wallMs() / DAY_MS)
    const untilDay = query.until === undefined ? today + 1 : dayOf('until', query.until)
    const fromDay = query.from === undefined ? untilDay - DAYS_DEFAULT : dayOf('from', query.from)
    if (fromDay >= untilDay) throw new Fault('invalid_request', 'The query parameter `from` must be a day before `until`.', { metadata: { field: 'from' } })
    const rows = await context.services.wallets.sums(accessIn(context).accountId, { fromDay, untilDay }, query.by ?? 'wallet')
    return { data: rows.map(sumsRow), from: sayDay(fromDay), until: sayDay(untilDay) }
  },
}

function dayOf(field: string, said: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(said) ? Date.parse(`${said}T00:00:00Z`) : Number.NaN
  if (Number.isNaN(ms) || sayDay(ms / DAY_MS) !== said) throw new Fault('invalid_request', `The query parameter \`${field}\` must be a day as 2026-11-21 (UTC).`, { metadata: { field } })
  return ms / DAY_MS
}

function sayDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}

function sumsRow({ walletId, externalId, name, model, requests, charged, cost }: WalletSums): object {
  return { wallet_id: walletId, external_id: externalId, name, ...(model !== null && { model }), requests: Number(requests), charged_usd: usdNumber(charged), cost_usd: usdNumber(cost), margin_usd: usdNumber(charged - cost) }
}
