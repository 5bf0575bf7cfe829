import { allowanceRow } from '../../notices/alert-text.ts'
import { ownerOnly } from '../access.ts'
import type { Route } from '../route.ts'
import { accessIn } from './caller.ts'
import { readQuery, whole } from './query.ts'

const LIMIT_DEFAULT = 50

/** `GET /forecast`: what is left of credit, budgets and limits, and until when it lasts at the pace of the last seven days. */
export const getForecast: Route = {
  method: 'GET', path: '/forecast', auth: 'management', operation: 'forecast.read',
  async handle(context) {
    const access = accessIn(context)
    const { limit = LIMIT_DEFAULT } = readQuery(context.url.searchParams, { limit: whole(1, 100) })
    const { desk } = context.services.notices
    const nowMs = context.services.clock.wallMs()
    return { data: (await desk.allowances(access.accountId, { userId: ownerOnly(access), limit })).map((allowance) => allowanceRow(allowance, nowMs)) }
  },
}
