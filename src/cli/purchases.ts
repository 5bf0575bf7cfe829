import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import { sayCents } from '../billing/cents.ts'
import { totalCents, type Purchase } from '../billing/purchase.ts'
import { receiptName } from '../billing/receipt.ts'
import { Fault } from '../core/fault.ts'
import { parseUsd } from '../core/nano.ts'
import { purchaseRow } from '../server/api/purchases.ts'
import { CliError, usageError, type Command, type CommandGroup } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { printable } from './paint.ts'
import { sayTime } from './say.ts'
import { table } from './table.ts'

const SHOWN = 50
const account = { value: '<id>', what: 'of another account than the first' }

const list: Command = {
  name: 'list', summary: 'what an account has bought, newest first', words: [], flags: { account },
  examples: [['switchyard purchases list', `the last ${SHOWN} of the first account`], ['switchyard purchases list --account <id> --json', "another one's, for scripts"]],
  async run({ context, config, json, text }) {
    const { out } = context.terminal
    const { rows, total } = await withAccounts(config, context, ({ billing }) => billing.list(text('account') ?? DEFAULT_ACCOUNT, { offset: 0, limit: SHOWN }))
    if (json) out.write(`${JSON.stringify({ data: rows.map(purchaseRow), total_count: total }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'TIME (UTC)' }, { title: 'ID' }, { title: 'STATE' }, { title: 'CREDIT', align: 'right' }, { title: 'PAID', align: 'right' }, { title: 'HOW' }, { title: 'RECEIPT' }], rows.map(columns), 'Nothing was bought.'))
    return 0
  },
}

function columns(purchase: Purchase): string[] {
  const { id, kind, state, creditCents, card, receiptNumber, createdMs } = purchase
  return [sayTime(createdMs), id, state, sayCents(creditCents), sayCents(totalCents(purchase)), card ?? kind, receiptNumber === null ? '' : receiptName(receiptNumber)]
}

const record: Command = {
  name: 'record', summary: 'credit that was paid elsewhere', words: ['<usd>'],
  about: "A bank's transfer, an invoice: credit that counts as bought, with a receipt and without a fee. Cards are taken by Stripe: docs/billing.md.",
  flags: { account, reference: { value: '<text>', what: 'names the payment: the same one is counted once. Needed' } },
  examples: [['switchyard purchases record 250 --reference "bank transfer 17"', 'for the first account']],
  async run({ words, context, config, json, text }) {
    const amount = parseUsd((words[0] ?? '').replace(/^\$/, ''))
    const reference = text('reference')
    if (amount === undefined || amount <= 0n) throw usageError('the amount must be USD in whole cents, as 250 or 19.99')
    if (reference === undefined) throw usageError('--reference must name the payment, so that it is counted once')
    const { purchase, isRepeated } = await withAccounts(config, context, async ({ billing, operator }) => {
      const { id } = text('account') === undefined ? { id: DEFAULT_ACCOUNT } : await operator.openAccount(text('account') ?? '')
      return await billing.record(id, { amount, reference }, OPERATOR)
    }).catch(refused)
    const { out } = context.terminal
    if (json) out.write(`${JSON.stringify({ ...purchaseRow(purchase), repeated: isRepeated }, null, 2)}\n`)
    else out.write(isRepeated ? `nothing was added: ${printable(reference)} is receipt ${receiptName(purchase.receiptNumber ?? 0)} already\n` : `added ${sayCents(purchase.creditCents)}, receipt ${receiptName(purchase.receiptNumber ?? 0)}\n`)
    return 0
  },
}

const receipt: Command = {
  name: 'receipt', summary: 'the receipt of a purchase, as a PDF', words: ['<id>'],
  flags: { account, out: { value: '<file>', what: 'where it is written; its number, unless said' } },
  examples: [['switchyard purchases receipt <id>', 'writes SW-000042.pdf, or whatever its number is']],
  async run({ words, context, config, json, text }) {
    const found = await withAccounts(config, context, ({ billing }) => billing.receipt(text('account') ?? DEFAULT_ACCOUNT, words[0] ?? '')).catch(refused)
    const { receiptPdf } = await import('../billing/receipt-pdf.ts')
    const path = resolve(text('out') ?? `${receiptName(found.number)}.pdf`)
    writeFileSync(path, receiptPdf(found))
    context.terminal.out.write(json ? `${JSON.stringify({ path, number: receiptName(found.number) }, null, 2)}\n` : `wrote ${path}\n`)
    return 0
  },
}

/** A refusal's own words. */
function refused(error: unknown): never {
  if (error instanceof Fault && (error.code === 'not_found' || error.code === 'invalid_request' || error.code === 'conflict')) throw new CliError(error.message, '`switchyard purchases list` shows what was bought')
  throw error
}

/** `switchyard purchases`. */
export const purchasesGroup: CommandGroup = { name: 'purchases', summary: 'what was bought, receipts, payments made elsewhere', alone: 'list', commands: [list, record, receipt] }
