import { Fault } from '../../core/fault.ts'
import { requestRules } from '../../limits/rule.ts'
import type { RouteContext } from '../route.ts'

/** Requests of the control plane that are counted: each kind by itself. */
export type CountedKind = 'datasets' | 'feedback'

/** Contract J26, and the same for whatever else could be asked without end. */
const PER_MINUTE_OF_KEY = 30
const PER_DAY_OF_ACCOUNT = 500

/** Counts a request, over all processes. Throws Fault `rate_limited`. Who is signed in has no key, and is counted as one. */
export async function passRequests({ caller, session, services }: RouteContext, accountId: string, kind: CountedKind): Promise<void> {
  const who = caller?.key.hash ?? session?.user.id ?? ''
  const rules = requestRules({ accountId, kind, who, perMinute: PER_MINUTE_OF_KEY, perDay: PER_DAY_OF_ACCOUNT })
  const passed = await services.rates.pass(rules.map((rule) => ({ rule, amount: 1n })))
  if (passed.ok) return
  if (passed.code === 'unavailable') throw new Fault('unavailable', 'The store of rate limits cannot be reached right now; try again shortly.', { retryAfterMs: 1_000 })
  const { rule, limit, left, resetsMs } = passed
  const whose = rule.scope === 'key' ? 'this key' : 'all keys of this account together'
  throw new Fault('rate_limited', `Rate limit exceeded: ${whose} may ask for ${kind} ${limit} times a ${rule.period}. It starts anew at ${new Date(resetsMs).toISOString()}.`, {
    retryAfterMs: Math.max(1_000, resetsMs - services.clock.wallMs()), rateLimit: { limit: String(limit), remaining: String(left), resetMs: resetsMs },
  })
}
