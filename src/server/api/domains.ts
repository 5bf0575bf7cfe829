import { z } from 'zod'
import type { Domain } from '../../accounts/domain.ts'
import { recordName } from '../../accounts/domains.ts'
import type { Route } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { organizationOf } from './organization.ts'
import { PAGE, pageOf } from './page.ts'
import { readQuery } from './query.ts'

const NEW_DOMAIN = z.strictObject({ domain: z.string({ error: 'must be a domain like example.com' }) })

/** `GET /domains`: of e-mail addresses, and whether they are proven to be the organization's (H21). Only this server has it, as all that follows. */
export const listDomains: Route = {
  method: 'GET', path: '/domains', auth: 'management', operation: 'domains.read',
  async handle(context) {
    const { rows, total } = await context.services.domains.list(await organizationOf(context), pageOf(readQuery(context.url.searchParams, PAGE)))
    return { data: rows.map(domainRow), total_count: total }
  },
}

/** `POST /domains`: says which TXT record proves it. */
export const addDomain: Route = {
  method: 'POST', path: '/domains', auth: 'management', operation: 'domains.change',
  async handle(context) {
    const accountId = await organizationOf(context)
    const { domain } = await readBody(context, NEW_DOMAIN)
    return Response.json({ data: domainRow(await context.services.domains.add(accountId, domain, accessIn(context).actor)) }, { status: 201 })
  },
}

/** `GET /domains/{id}`. */
export const getDomain: Route = {
  method: 'GET', path: '/domains/{id}', auth: 'management', operation: 'domains.read',
  handle: async (context) => ({ data: domainRow(await context.services.domains.get(await organizationOf(context), context.params['id'] ?? '')) }),
}

/** `POST /domains/{id}/verify`: looks for the record now. 409 where it is not there. */
export const verifyDomain: Route = {
  method: 'POST', path: '/domains/{id}/verify', auth: 'management', operation: 'domains.change',
  handle: async (context) => ({ data: domainRow(await context.services.domains.verify(await organizationOf(context), context.params['id'] ?? '', accessIn(context).actor)) }),
}

/** `POST /domains/{id}/disable`: it counts no more until it is verified anew. */
export const disableDomain: Route = {
  method: 'POST', path: '/domains/{id}/disable', auth: 'management', operation: 'domains.change',
  handle: async (context) => ({ data: domainRow(await context.services.domains.disable(await organizationOf(context), context.params['id'] ?? '', accessIn(context).actor)) }),
}

/** `DELETE /domains/{id}`. */
export const deleteDomain: Route = {
  method: 'DELETE', path: '/domains/{id}', auth: 'management', operation: 'domains.change',
  async handle(context) {
    await context.services.domains.remove(await organizationOf(context), context.params['id'] ?? '', accessIn(context).actor)
    return { deleted: true }
  },
}

function domainRow({ id, domain, state, proof, createdMs, activatedMs, disabledMs }: Domain): object {
  return {
    id, domain, state, txt_record: { name: recordName(domain), value: proof },
    created_at: timeOrNull(createdMs), activated_at: timeOrNull(activatedMs), disabled_at: timeOrNull(disabledMs),
  }
}
