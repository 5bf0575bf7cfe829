// A gateway process without a gateway, run by processes.test.ts: `drain` spends what there is until its standard input
// ends, `work` until it is killed. Both acknowledge each settlement on their standard output.
import { writeSync } from 'node:fs'
import type { Caller } from '../accounts/caller.ts'
import type { CallTags } from '../core/tags.ts'
import type { LedgerNode } from '../ledger/node.ts'
import { systemClock } from '../lib/clock.ts'
import { generationId } from '../lib/id.ts'
import { openLedger } from './open.ts'
import { generationOf } from './store.fixture.ts'
import { databaseUrlOf } from '../../test/engine.ts'

/** Between tries while all is spent: whatever comes free again is asked for. */
const REFUSED_MS = 300
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

/** Several calls at a time, refused or not, for as long as it is told to. */
async function drain(ledger: LedgerNode, caller: Caller): Promise<void> {
  let isTold = true
  process.stdin.on('end', () => { isTold = false }).resume()
  const lane = async () => {
    while (isTold) {
      const id = await call(ledger, caller, 1)
      if (id === undefined) await Bun.sleep(REFUSED_MS)
      else writeSync(1, `${id}\n`)
    }
  }
  await Promise.all([lane(), lane(), lane()])
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
await drain(opened.ledger, caller)
await opened.close()
process.exit(0)
