import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { NamedPriceList } from '../accounts/wallet.ts'
import { NO_PRICES } from '../catalog/price-list.ts'
import { priceRow } from '../server/api/price-list-body.ts'
import { CliError, usageError, type Command, type CommandGroup } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { printable } from './paint.ts'
import { table } from './table.ts'
import { PRICE_FLAGS, readPrices, sayPrices } from './wallet-prices.ts'

const account = { value: '<id>', what: 'of another account than the first' }

const list: Command = {
  name: 'list', summary: 'named prices that wallets may have', words: [], flags: { account },
  examples: [['switchyard price-lists', 'the same as switchyard price-lists list']],
  async run({ context, config, json, text }) {
    const { out } = context.terminal
    const found = await withAccounts(config, context, ({ wallets }) => wallets.priceLists(text('account') ?? DEFAULT_ACCOUNT))
    if (json) out.write(`${JSON.stringify({ data: found.map(listRow) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'NAME' }, { title: 'PRICES' }, { title: 'ID' }], found.map((one) => [one.name, sayPrices(one), one.id]), 'There are none. Make one: switchyard price-lists set Retail --markup 30'))
    return 0
  },
}

const set: Command = {
  name: 'set', summary: 'make a price list, or replace the one of this name', words: ['<name>'], flags: { account, ...PRICE_FLAGS },
  examples: [['switchyard price-lists set Retail --markup 30', 'three tenths over list price'], ['switchyard price-lists set Retail --markup 30 --prices retail.json', 'and prices of their own for some models']],
  async run(invocation) {
    const { words, context, config, json, text } = invocation
    const prices = readPrices(invocation, NO_PRICES)
    if (!prices) throw usageError('say its prices: --markup <percent>, --prices <file>, or both')
    const made = await withAccounts(config, context, async ({ wallets, operator }) => await wallets.putPriceList(text('account') === undefined ? DEFAULT_ACCOUNT : (await operator.openAccount(text('account') ?? '')).id, words[0] ?? '', prices, OPERATOR))
    context.terminal.out.write(json ? `${JSON.stringify({ data: listRow(made) }, null, 2)}\n` : `${printable(made.name)}: ${sayPrices(made)} (${made.id})\n`)
    return 0
  },
}

const remove: Command = {
  name: 'delete', summary: 'take a price list away that no wallet has', words: ['<name|id>'], flags: { account }, examples: [['switchyard price-lists delete Retail', 'by its name']],
  async run({ words, context, config, json, text }) {
    const accountId = text('account') ?? DEFAULT_ACCOUNT
    const id = await withAccounts(config, context, async ({ wallets }) => {
      const found = findList(await wallets.priceLists(accountId), words[0] ?? '')
      await wallets.deletePriceList(accountId, found.id, OPERATOR)
      return found.id
    })
    context.terminal.out.write(json ? `${JSON.stringify({ deleted: true, id })}\n` : `deleted ${id}\n`)
    return 0
  },
}

/** `switchyard price-lists`. */
export const priceListsGroup: CommandGroup = { name: 'price-lists', summary: 'named prices for customers of yours', alone: 'list', commands: [list, set, remove] }

/** By its name or id. Throws what to write instead. */
export function findList(lists: readonly NamedPriceList[], word: string): NamedPriceList {
  const found = lists.find(({ id, name }) => id === word || name === word)
  if (!found) throw new CliError(`there is no price list “${word}”`, '`switchyard price-lists` lists them')
  return found
}

function listRow(one: NamedPriceList): object {
  return { id: one.id, name: one.name, ...priceRow(one) }
}
