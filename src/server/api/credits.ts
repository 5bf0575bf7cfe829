import { Fault } from '../../core/fault.ts'
import { usdNumber } from '../../core/nano.ts'
import type { Route } from '../route.ts'
import { accessIn } from './caller.ts'

/** `GET /credits`: what the account was given and what it has used (I6); to a key of a customer's, what the wallet has; while money is turned off, it says so. */
export const getCredits: Route = {
  method: 'GET', path: '/credits', auth: 'management', operation: 'credits.read', isForWallets: true,
  async handle(context) {
    const wallet = context.caller?.key.wallet
    const { total, used } = await context.services.accounts.credits(wallet ?? accessIn(context).accountId)
    // Wallets hold all the same: their money is the reseller's and its customer's.
    const isMoneyOff = wallet === undefined && !context.services.instance.settings.moneyEnabled
    return { data: { total_credits: usdNumber(total), total_usage: usdNumber(used) }, ...(isMoneyOff && { switchyard: { money: false } }) }
  },
}

/** `POST /credits/coinbase`: for old clients (I3). */
export const createCoinbaseCharge: Route = {
  method: 'POST', path: '/credits/coinbase', auth: 'public',
  handle() {
    throw new Fault('gone', 'The Coinbase APIs used by this endpoint have been deprecated, so the Coinbase Commerce credits API has been removed. Use the web credits purchase flow instead.')
  },
}
