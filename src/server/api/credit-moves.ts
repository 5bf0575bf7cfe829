import { z } from 'zod'
import { rowId } from '../../lib/id.ts'
import { parseUsd, usdNumber } from '../../core/nano.ts'
import type { Route } from '../route.ts'
import { accessOfSession } from '../session.ts'
import { readBody } from './body.ts'
import { sessionOf } from './me.ts'

const USD = { error: 'must be an amount of USD above 0 and up to 1000000000 with at most nine decimals, as 5 or "5.25"' }
const ACCOUNT = { error: 'must be the id of an organization that you are in; GET /api/v1/me/accounts lists them' }
const REFERENCE = { error: 'must be a text of 1 to 100 characters: the same again moves nothing' }
const MOVE = z.strictObject({
  to_account_id: z.string(ACCOUNT).min(1, ACCOUNT),
  amount_usd: z.union([z.string(USD), z.number(USD)], USD).transform((value) => parseUsd(String(value)) ?? 0n).refine((amount) => amount > 0n && amount <= 1_000_000_000_000_000_000n, USD),
  reference: z.string(REFERENCE).min(1, REFERENCE).max(100, REFERENCE).optional(),
})

/** `POST /credits/move`: from somebody's own account to an organization of theirs (H20). Only this server has it. */
export const moveCredit: Route = {
  method: 'POST', path: '/credits/move', auth: 'person',
  async handle(context) {
    const session = sessionOf(context)
    const { to_account_id: toAccountId, amount_usd: amount, reference = rowId() } = await readBody(context, MOVE)
    const { actor } = accessOfSession(session, 'credits.read')
    const { total, used, isRepeated = false } = await context.services.accounts.moveCredit({ userId: session.user.id, toAccountId, amount, reference, by: actor })
    return { data: { total_credits: usdNumber(total), total_usage: usdNumber(used), moved_to: toAccountId, reference, repeated: isRepeated } }
  },
}
