import { tagsOf, type CallTags } from '../core/tags.ts'
import { Fault } from '../core/fault.ts'
import { Remembered } from '../lib/remembered.ts'
import type { Caller, CallerWallet } from './caller.ts'
import type { WalletStore } from './wallet.ts'

/** What a call says of whom it is for. */
export interface SaidCustomer { readonly header: string | undefined; readonly tags: CallTags | undefined; readonly metadata: unknown }

interface Found { readonly wallet?: CallerWallet & { readonly isClosed: boolean } }

/** The tag that names the customer where no header does. */
const CUSTOMER = 'customer'
const WALLETS_MAX = 20_000
const ACCOUNTS_MAX = 2_000

/** Whose wallet pays for a call, by key, header or tag. What was looked up holds until the store tells of a change. */
export class WalletBook {
  private readonly byAccount = new Map<string, Remembered<Found>>()

  constructor(private readonly store: Pick<WalletStore, 'walletPrices'>) {}

  /** The caller, with the wallet that its call is charged to. A promise only for a wallet not seen lately. Throws Fault `permission_denied`. */
  payerOf(caller: Caller, said: SaidCustomer): Caller | Promise<Caller> {
    const { wallet, customers, tags } = caller.key
    if (wallet === undefined && customers === undefined) {
      if (said.header === undefined) return caller
      throw refused('This key may not charge customers: X-Switchyard-Customer is for keys that have `customers`, which PATCH /api/v1/keys/{hash} sets.')
    }
    if (wallet !== undefined) {
      if (said.header !== undefined) throw refused('This key is of one customer: leave X-Switchyard-Customer out.')
      return this.with(caller, { id: wallet }, 'The customer of this key')
    }
    const externalId = said.header ?? tagsOf(tags, said.tags, said.metadata)?.[CUSTOMER]
    if (externalId === undefined) return caller
    if (customers !== true && !customers?.includes(externalId)) throw refused(`This key may not charge the customer ${quote(externalId)}: only those of its \`customers\`.`)
    return this.with(caller, { externalId }, `The customer ${quote(externalId)}`)
  }

  /** What the customer pays whose key it is; [] where there is no such wallet. As long as nothing changes it is the same list. */
  pricesOf(accountId: string, walletId: string): CallerWallet['prices'] | Promise<CallerWallet['prices']> {
    const found = this.of(accountId).find(`id ${walletId}`)
    return found instanceof Promise ? found.then(pricesIn) : pricesIn(found)
  }

  /** Told by the store whose wallets and price lists were changed, here or in another process. */
  noteChanges(accountIds: readonly string[]): void {
    for (const accountId of accountIds) this.byAccount.delete(accountId)
  }

  private with(caller: Caller, by: { readonly id: string } | { readonly externalId: string }, who: string): Caller | Promise<Caller> {
    const found = this.of(caller.accountId).find('id' in by ? `id ${by.id}` : `of ${by.externalId}`)
    const join = ({ wallet }: Found): Caller => {
      if (!wallet) throw refused(`${who} has no wallet. GET /api/v1/wallets lists them, POST makes one.`)
      if (wallet.isClosed) throw refused(`${who} has a wallet that is closed.`)
      return { ...caller, wallet }
    }
    return found instanceof Promise ? found.then(join) : join(found)
  }

  private of(accountId: string): Remembered<Found> {
    let known = this.byAccount.get(accountId)
    if (!known) {
      if (this.byAccount.size >= ACCOUNTS_MAX) this.byAccount.clear()
      this.byAccount.set(accountId, known = new Remembered((name) => this.load(accountId, name), WALLETS_MAX))
    }
    return known
  }

  private async load(accountId: string, name: string): Promise<Found> {
    const word = name.slice(3)
    const found = await this.store.walletPrices(accountId, name.startsWith('id ') ? { id: word } : { externalId: word })
    if (!found) return {}
    const { wallet: { id, externalId, closedMs }, prices } = found
    return { wallet: Object.freeze({ id, externalId, prices, isClosed: closedMs !== null }) }
  }
}

const NO_LISTS: CallerWallet['prices'] = Object.freeze([])

function pricesIn({ wallet }: Found): CallerWallet['prices'] {
  return wallet?.prices ?? NO_LISTS
}

function refused(message: string): Fault {
  return new Fault('permission_denied', message)
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
