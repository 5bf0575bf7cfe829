import { usdNumber } from '../../core/nano.ts'
import type { Route } from '../route.ts'
import { accessIn } from './caller.ts'

/** `GET /credits`: what the account was given and what it has used (I6). */
export const getCredits: Route = {
  method: 'GET', path: '/credits', auth: 'management', operation: 'credits.read',
  async handle(context) {
    const { total, used } = await context.services.accounts.credits(accessIn(context).accountId)
    return { data: { total_credits: usdNumber(total), total_usage: usdNumber(used) } }
  },
}
