import { z } from 'zod'
import type { NamedPriceList } from '../../accounts/wallet.ts'
import { NO_PRICES } from '../../catalog/price-list.ts'
import type { Route } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { changedPrices, PRICE_FIELDS, priceRow } from './price-list-body.ts'

const LIST = z.strictObject({ name: z.string({ error: 'must be a text' }), ...PRICE_FIELDS })

/** `GET /price-lists`: by name. Only this server has them. */
export const listPriceLists: Route = {
  method: 'GET', path: '/price-lists', auth: 'management', operation: 'wallets.read',
  handle: async (context) => ({ data: (await context.services.wallets.priceLists(accessIn(context).accountId)).map(listRow) }),
}

/** `PUT /price-lists`: made, or replaced where there is one of this name. Calls that come after it have the new prices. */
export const putPriceList: Route = {
  method: 'PUT', path: '/price-lists', auth: 'management', operation: 'wallets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    const { name, ...prices } = await readBody(context, LIST)
    return { data: listRow(await context.services.wallets.putPriceList(accountId, name, changedPrices(NO_PRICES, prices), actor)) }
  },
}

/** `DELETE /price-lists/{id}`: 409 while wallets have it. */
export const deletePriceList: Route = {
  method: 'DELETE', path: '/price-lists/{id}', auth: 'management', operation: 'wallets.change',
  async handle(context) {
    const { accountId, actor } = accessIn(context)
    await context.services.wallets.deletePriceList(accountId, context.params['id'] ?? '', actor)
    return { deleted: true }
  },
}

function listRow(list: NamedPriceList): object {
  return { id: list.id, name: list.name, ...priceRow(list), created_at: timeOrNull(list.createdMs), updated_at: timeOrNull(list.updatedMs) }
}
