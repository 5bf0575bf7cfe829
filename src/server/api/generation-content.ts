import { Fault } from '../../core/fault.ts'
import type { Route } from '../route.ts'
import { callerOf } from './caller.ts'
import { readQuery, text } from './query.ts'

/** `GET /generation/content`: what was asked and answered (J6). Nothing of it is kept here, which is what this says. */
export const getGenerationContent: Route = {
  method: 'GET', path: '/generation/content', auth: 'key',
  async handle(context) {
    const { id } = readQuery(context.url.searchParams, { id: text })
    if (id === undefined) throw new Fault('invalid_request', 'The query parameter `id` is missing: the `id` of an answer, or its X-Generation-Id header.', { metadata: { field: 'id' } })
    const { accountId, key } = callerOf(context)
    const generation = await context.services.accounts.generation(key.wallet ?? accountId, id)
    if (!generation) throw new Fault('not_found', `There is no generation \`${id.slice(0, 100)}\` of this account. A call is recorded once it has ended.`)
    throw new Fault('not_found', `Nothing of the content of \`${generation.id}\` was kept: this server stores no prompts and no answers. GET /api/v1/generation has its record.`)
  },
}
