import { DEFAULT_ACCOUNT, type KeyRecord } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { WalletRecord } from '../accounts/wallet.ts'
import type { Wallets } from '../accounts/wallets.ts'
import { NO_PRICES } from '../catalog/price-list.ts'
import { Fault } from '../core/fault.ts'
import { formatUsd, parseUsd, sayUsd } from '../core/nano.ts'
import { priceRow } from '../server/api/price-list-body.ts'
import { CliError, usageError, type Command, type CommandGroup, type Flag, type Invocation } from './command.ts'
import { withAccounts, type OpenData } from './data-dir.ts'
import { listKeysOf } from './key-search.ts'
import { paint, printable } from './paint.ts'
import { findList } from './price-lists.ts'
import { sayTime } from './say.ts'
import { facts, table } from './table.ts'
import { PRICE_FLAGS, readPrices, sayPrices } from './wallet-prices.ts'

const SHOWN_MAX = 100
const ENTRIES_SHOWN = 10
const account: Flag = { value: '<id>', what: 'of another account than the first' }
const FIELDS: Readonly<Record<string, Flag>> = { account, name: { value: '<name>', what: 'for people' }, list: { value: '<name|id>', what: 'its price list; none: no list' }, ...PRICE_FLAGS }

const list: Command = {
  name: 'list', summary: 'balances of customers, newest first', words: [], flags: { account, all: { what: 'closed ones too' } },
  examples: [['switchyard wallets', `the last ${SHOWN_MAX} that are open`]],
  async run({ context, config, json, text, isOn }) {
    const { out } = context.terminal
    const { rows, total } = await withAccounts(config, context, ({ wallets }) => wallets.list(text('account') ?? DEFAULT_ACCOUNT, { offset: 0, limit: SHOWN_MAX, ...(!isOn('all') && { isClosed: false }) }))
    if (json) out.write(`${JSON.stringify({ data: rows.map(walletRow), total_count: total }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'CUSTOMER' }, { title: 'NAME' }, { title: 'LEFT', align: 'right' }, { title: 'USED', align: 'right' }, { title: 'PRICES' }, { title: 'ID' }], rows.map(columns), 'There are none. Make one: switchyard wallets create acme'))
    return 0
  },
}

const show: Command = {
  name: 'show', summary: 'one wallet, with its last movements', words: ['<customer|id>'], flags: { account }, examples: [['switchyard wallets show acme', 'by what you call the customer']],
  async run(invocation) {
    const { context: { terminal: { out } }, json } = invocation
    const { wallet, entries } = await withWallet(invocation, async ({ wallets }, found) => ({ wallet: found, entries: (await wallets.entries(found.accountId, found.id, { offset: 0, limit: ENTRIES_SHOWN })).rows }))
    if (json) {
      out.write(`${JSON.stringify({ data: { ...walletRow(wallet), entries: entries.map(({ kind, amount, reason, reference, atMs }) => ({ kind, amount_usd: formatUsd(amount), reason, reference, at: new Date(atMs).toISOString() })) } }, null, 2)}\n`)
      return 0
    }
    const { total, used } = wallet.credits
    out.write(facts(out, [['customer', wallet.externalId], ['name', wallet.name], ['id', wallet.id], ['left', sayUsd(total - used)], ['used', sayUsd(used)], ['prices', sayPrices(wallet.prices) || 'list price'], ['price list', wallet.priceListId ?? 'none'], ['state', wallet.closedMs === null ? 'open' : 'closed']]))
    out.write(table(out, [{ title: 'TIME (UTC)' }, { title: 'AMOUNT', align: 'right' }, { title: 'KIND' }, { title: 'REASON' }], entries.map(({ atMs, amount, kind, reason }) => [sayTime(atMs), sayUsd(amount), kind, reason])))
    return 0
  },
}

const create: Command = {
  name: 'create', summary: 'a wallet for a customer', words: ['<customer>'], flags: FIELDS,
  about: 'The customer is what you call it: X-Switchyard-Customer names it.',
  examples: [['switchyard wallets create acme --name "Acme Ltd" --markup 30', 'pays three tenths over list price'], ['switchyard wallets create acme --list Retail', 'pays what a price list says']],
  async run(invocation) {
    const prices = readPrices(invocation, NO_PRICES)
    const made = await withAccounts(invocation.config, invocation.context, async (data) => {
      const accountId = await accountOf(invocation, data)
      return await data.wallets.create({ accountId, externalId: invocation.words[0] ?? '', ...await readFields(invocation, data.wallets, accountId), ...(prices && { prices }) }, OPERATOR)
    })
    return say(invocation, made, 'made')
  },
}

const change: Command = {
  name: 'change', summary: 'its name and prices; what is left out stays', words: ['<customer|id>'], flags: { ...FIELDS, open: { what: 'open it again' } },
  about: 'Calls that begin after it have the new prices, within a second.', examples: [['switchyard wallets change acme --markup 25', 'another markup'], ['switchyard wallets change acme --list none', 'no price list any more']],
  async run(invocation) {
    const after = await withWallet(invocation, async ({ wallets }, wallet) => {
      const prices = readPrices(invocation, wallet.prices)
      return await wallets.change(wallet.accountId, wallet.id, { ...await readFields(invocation, wallets, wallet.accountId), ...(prices && { prices }), ...(invocation.isOn('open') && { isClosed: false }) }, OPERATOR)
    })
    return say(invocation, after, 'changed')
  },
}

const close: Command = {
  name: 'close', summary: 'no more calls; what is left in it stays', words: ['<customer|id>'], flags: { account }, examples: [['switchyard wallets close acme', '`change --open` opens it again']],
  run: async (invocation) => say(invocation, await withWallet(invocation, ({ wallets }, { accountId, id }) => wallets.change(accountId, id, { isClosed: true }, OPERATOR)), 'closed'),
}

const keys: Command = {
  name: 'keys', summary: 'keys of a customer; or make one', words: ['<customer|id>'],
  flags: { account, create: { value: '<name>', what: 'make one of this name, and print it, this once' }, limit: { value: '<usd>', what: 'the most that the customer may pay with the new key' } },
  examples: [['switchyard wallets keys acme', 'what each has used'], ['switchyard wallets keys acme --create production', 'hand it to the customer']],
  async run(invocation) {
    const { context: { terminal: { out } }, json, text } = invocation
    const [name, limit] = [text('create'), text('limit') === undefined ? null : readAmount(text('limit') ?? '')]
    if (name !== undefined) {
      const made = await withWallet(invocation, ({ accounts }, wallet) => accounts.createKey({ accountId: wallet.accountId, name, kind: 'inference', wallet: wallet.id, limit }, OPERATOR))
      out.write(json ? `${JSON.stringify({ key: made.secret, hash: made.key.hash, name }, null, 2)}\n` : `${made.secret}\n`)
      return 0
    }
    const found = await withWallet(invocation, async ({ accounts, wallets }, wallet) => {
      const own = (await listKeysOf(accounts, wallet.accountId)).filter((key) => key.wallet === wallet.id)
      return await Promise.all(own.map(async (key) => ({ key, used: (await wallets.keyUse(wallet.id, key.hash)).total })))
    })
    if (json) out.write(`${JSON.stringify({ data: found.map(({ key, used }) => ({ hash: key.hash, name: key.name, label: key.label, disabled: key.disabled, used_usd: formatUsd(used) })) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'NAME' }, { title: 'KEY' }, { title: 'PAID', align: 'right' }, { title: 'STATE' }, { title: 'HASH' }], found.map(({ key, used }) => [key.name, key.label, sayUsd(used), stateOf(key), key.hash.slice(0, 8)]), 'There are none. Make one: switchyard wallets keys acme --create production'))
    return 0
  },
}

/** `switchyard wallets`. */
export const walletsGroup: CommandGroup = { name: 'wallets', summary: 'balances and prices of customers of yours', alone: 'list', commands: [list, show, create, change, movement('grant', 'add to a wallet', 1n), movement('take', 'take from a wallet, never below zero', -1n), close, keys] }

function movement(name: 'grant' | 'take', summary: string, sign: bigint): Command {
  return {
    name, summary, words: ['<customer|id>', '<usd>'],
    flags: { account, reason: { value: '<text>', what: 'why, for the ledger. Needed' }, reference: { value: '<id>', what: 'names the movement: the same one is made once' } },
    examples: [[`switchyard wallets ${name} acme 25 --reason "invoice 17" --reference invoice-17`, 'again with the same reference changes nothing']],
    async run(invocation) {
      const { words, json, text, context: { terminal: { out } } } = invocation
      const [amount, reason] = [readAmount(words[1] ?? ''), text('reason')?.trim()]
      if (!reason) throw usageError('--reason must say why: it stands in the ledger')
      const { credits, isRepeated } = await withWallet(invocation, ({ wallets }, { accountId, id }) => wallets.move({ accountId, walletId: id, amount: sign * amount, reason, reference: text('reference') ?? null }, OPERATOR))
      const left = credits.total - credits.used
      if (json) out.write(`${JSON.stringify({ balance_usd: formatUsd(left), repeated: isRepeated }, null, 2)}\n`)
      else out.write(isRepeated ? `nothing was moved: ${printable(text('reference') ?? '')} was before; ${sayUsd(left)} left\n` : `${sign > 0n ? 'added' : 'took'} ${sayUsd(amount)}: ${sayUsd(left)} left\n`)
      return 0
    },
  }
}

async function accountOf({ text }: Invocation, { operator }: OpenData): Promise<string> {
  const id = text('account')
  return id === undefined ? DEFAULT_ACCOUNT : (await operator.openAccount(id)).id
}

/** The wallet that the first word names: what the customer is called, or its id. Throws what to write instead. */
async function withWallet<T>(invocation: Invocation, work: (data: OpenData, wallet: WalletRecord) => Promise<T>): Promise<T> {
  const word = invocation.words[0] ?? ''
  return await withAccounts(invocation.config, invocation.context, async (data) => {
    const accountId = invocation.text('account') ?? DEFAULT_ACCOUNT
    const { rows: [named] } = await data.wallets.list(accountId, { offset: 0, limit: 1, externalId: word })
    const wallet = named ?? await data.wallets.get(accountId, word).catch((error: unknown) => { throw !(error instanceof Fault) || error.code !== 'not_found' ? error : new CliError(`there is no wallet of a customer “${printable(word)}”`, '`switchyard wallets list --all` lists them') })
    return await work(data, wallet)
  })
}

async function readFields({ text }: Invocation, wallets: Wallets, accountId: string): Promise<{ readonly name?: string; readonly priceListId?: string | null }> {
  const [name, named] = [text('name'), text('list')]
  const priceListId = named === undefined ? undefined : named === 'none' ? null : findList(await wallets.priceLists(accountId), named).id
  return { ...(name !== undefined && { name }), ...(priceListId !== undefined && { priceListId }) }
}

function readAmount(text: string): bigint {
  const amount = parseUsd(text.replace(/^\$/, ''))
  if (amount === undefined || amount <= 0n) throw usageError('the amount must be USD above 0, as 25 or 0.50')
  return amount
}

function say({ json, context: { terminal: { out } } }: Invocation, wallet: WalletRecord, what: string): number {
  out.write(json ? `${JSON.stringify({ data: walletRow(wallet) }, null, 2)}\n` : `${what} ${paint(out, 'bold', printable(wallet.externalId))} (${wallet.id})\n`)
  return 0
}

function columns(wallet: WalletRecord): string[] {
  const { externalId, name, credits: { total, used }, prices, priceListId, id, closedMs } = wallet
  const said = [sayPrices(prices), ...(priceListId === null ? [] : ['a list'])].filter(Boolean).join(', ')
  return [externalId, `${name}${closedMs === null ? '' : ' (closed)'}`, sayUsd(total - used), sayUsd(used), said, id]
}

function stateOf({ disabled }: KeyRecord): string {
  return disabled ? 'disabled' : 'live'
}

function walletRow({ id, externalId, name, credits: { total, used }, prices, priceListId, closedMs }: WalletRecord): object {
  return { id, external_id: externalId, name, balance_usd: formatUsd(total - used), granted_usd: formatUsd(total), used_usd: formatUsd(used), ...priceRow(prices), price_list_id: priceListId, closed: closedMs !== null }
}
