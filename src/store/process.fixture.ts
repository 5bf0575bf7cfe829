// A gateway process without a gateway, run by processes.test.ts: `drain` spends what there is and says how much it was,
// `work` spends for ever and acknowledges each settlement on its standard output.
import { writeSync } from 'node:fs'
import type { Caller } from '../accounts/caller.ts'
import type { CallTags } from '../core/tags.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { systemClock } from '../lib/clock.ts'
import { generationId } from '../lib/id.ts'
import { openLedger } from './open.ts'
import { generationOf } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

const REFUSALS_MAX = 3
const [mode, dataDir = '', secret = '', amountText = '1', tagsText = '{}', priceText = '0'] = process.argv.slice(2)
const amount = BigInt(amountText)
// What processes.test.ts wrote.
const price = BigInt(priceText)
const note = { model: 'm', streamed: false, ...(price > 0n && { walletMax: price }), tags: JSON.parse(tagsText) as CallTags }

async function call(ledger: LedgerNode, caller: Caller, lastsMs: number): Promise<string | undefined> {
  const id = generationId(systemClock.wallMs())
  const hold = await ledger.hold(caller, id, amount, note)
  if (!hold.ok) return undefined
  if (lastsMs > 0) await Bun.sleep(lastsMs)
  ledger.settle(hold, generationOf(caller.key, id, { cost: amount, createdMs: systemClock.wallMs(), ...(caller.wallet && { wallet: { id: caller.wallet.id, cost: price } }) }))
  return id
}

/** Several calls at a time until the credit is gone: refused, and refused again after a while. */
async function drain(ledger: LedgerNode, caller: Caller): Promise<number> {
  let count = 0
  const lane = async () => {
    for (let refusals = 0; refusals < REFUSALS_MAX;) {
      if (await call(ledger, caller, 1)) {
        count += 1
        refusals = 0
      } else {
        refusals += 1
        await Bun.sleep(300)
      }
    }
  }
  await Promise.all([lane(), lane(), lane()])
  return count
}

async function work(ledger: LedgerNode, caller: Caller): Promise<never> {
  const lane = async (lastsMs: number): Promise<never> => {
    for (;;) {
      const id = await call(ledger, caller, lastsMs)
      if (id === undefined) throw new Error('refused')
      writeSync(1, `${id}\n`)
      await Bun.sleep(0)
    }
  }
  return Promise.race([lane(0), lane(1), lane(7)])
}

const opened = await openLedger({ dataDir, databaseUrl: databaseUrlOf(dataDir), clock: systemClock })
const found = await opened.accounts.find(secret)
if (!found) throw new Error('the key is not there')
const caller = await opened.walletBook.payerOf(found, { header: undefined, tags: undefined, metadata: undefined })
if (mode === 'work') await work(opened.ledger, caller)
const count = await drain(opened.ledger, caller)
await opened.close()
writeSync(1, `${count}\n`)
process.exit(0)
