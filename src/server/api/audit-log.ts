import { AUDIT_ACTIONS, type AuditEntry, type AuditPage } from '../../accounts/audit-entry.ts'
import type { Route, RouteContext } from '../route.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { PAGE, pageOf } from './page.ts'
import { oneOf, readQuery, text, type Parameter } from './query.ts'

const time: Parameter<number> = {
  expects: 'a time like 2027-01-31 or 2027-01-31T12:00:00Z',
  read: (given) => {
    const ms = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?$/.test(given) ? Date.parse(given) : Number.NaN
    return Number.isNaN(ms) ? undefined : ms
  },
}

const QUERY = { ...PAGE, from: time, until: time, action: oneOf(AUDIT_ACTIONS), target: text, format: oneOf(['json', 'ndjson']) } as const
const EXPORT_ROWS = 500

/** `GET /organization/audit`: who changed what, newest first; with `format=ndjson` all of it, a line each. Only this server has it. */
export const getAudit: Route = {
  method: 'GET', path: '/organization/audit', auth: 'management', operation: 'audit.read',
  async handle(context) {
    const { from, until, action, target, format, ...page } = readQuery(context.url.searchParams, QUERY)
    const filter = { ...(from !== undefined && { fromMs: from }), ...(until !== undefined && { untilMs: until }), ...(action && { action }), ...(target !== undefined && { target }) }
    if (format === 'ndjson') return exported(context, filter)
    const { rows, total } = await context.services.people.audit(accessIn(context).accountId, { ...pageOf(page), ...filter })
    return { data: rows.map(auditRow), total_count: total }
  },
}

/** Up to the moment of asking: what is added meanwhile must not move the pages. */
function exported({ services, ...context }: RouteContext, filter: Omit<AuditPage, 'offset' | 'limit'>): Response {
  const { accountId } = accessIn({ services, ...context })
  const untilMs = Math.min(filter.untilMs ?? Infinity, services.clock.wallMs() + 1)
  let offset = 0
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { rows } = await services.people.audit(accountId, { ...filter, untilMs, offset, limit: EXPORT_ROWS })
      offset += rows.length
      if (rows.length > 0) controller.enqueue(new TextEncoder().encode(rows.map((row) => `${JSON.stringify(auditRow(row))}\n`).join('')))
      if (rows.length < EXPORT_ROWS) controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson', 'content-disposition': 'attachment; filename="audit.ndjson"' } })
}

/** An entry as the API and the command line show it. */
export function auditRow({ id, atMs, actor, action, target, before, after }: AuditEntry): object {
  return { id, at: timeOrNull(atMs), actor: { kind: actor.kind, id: actor.id, name: actor.name, user_id: actor.userId }, action, target, before, after }
}
