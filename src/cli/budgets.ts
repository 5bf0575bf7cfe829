import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { SharedBudgetRecord } from '../accounts/shared-budget.ts'
import { BUDGET_INTERVALS } from '../accounts/workspace.ts'
import { formatUsd, parseUsd, sayUsd } from '../core/nano.ts'
import { usageError, type Command, type CommandGroup } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { findMember } from './member-search.ts'
import { table } from './table.ts'

const list: Command = {
  name: 'list', summary: 'budgets on tags and of members, with what was used of them', words: [], flags: {},
  examples: [['switchyard budgets', 'a table']],
  async run({ context, config, json }) {
    const { out } = context.terminal
    const found = await withAccounts(config, context, async ({ sharedBudgets }) => [...await sharedBudgets.list(DEFAULT_ACCOUNT, 'tag'), ...await sharedBudgets.list(DEFAULT_ACCOUNT, 'member')])
    if (json) out.write(`${JSON.stringify({ data: found.map(budgetRow) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'OF' }, { title: 'LIMIT' }, { title: 'USED' }, { title: 'KIND' }, { title: 'ID' }], found.map((budget) => [nameOf(budget), `${sayUsd(budget.cap)} ${budget.interval}`, sayUse(budget), sayKind(budget), budget.id]), 'There are none. Make one: switchyard budgets tag customer 50 --interval monthly'))
    return 0
  },
}

const interval = { value: '<interval>', what: 'daily, weekly, monthly or lifetime (default)' }

const tag: Command = {
  name: 'tag', summary: 'what calls with a tag may cost', words: ['<name[=value]>', '<usd>'],
  flags: { interval, alert: { what: 'only count, and refuse nothing' }, required: { what: 'refuse calls without the tag' }, byok: { what: "count what providers charge on the account's own keys too" } },
  about: 'With a value: the calls with it together. Without one: each value by itself.',
  examples: [['switchyard budgets tag customer 50 --interval monthly --required', 'each customer at most $50.00 a month'], ['switchyard budgets tag env=test 5 --interval daily', 'all tests together $5.00 a day']],
  async run({ words, context, config, json, text, isOn }) {
    const [name = '', amount = ''] = words
    const at = name.indexOf('=')
    const [subject, value] = at === -1 ? [name, null] : [name.slice(0, at), name.slice(at + 1)]
    const wish = { accountId: DEFAULT_ACCOUNT, kind: 'tag', subject, value, cap: readAmount(amount), interval: readInterval(text('interval')), mode: isOn('alert') ? 'alert' : 'cap', isRequired: isOn('required'), includeByok: isOn('byok') } as const
    const made = await withAccounts(config, context, ({ sharedBudgets }) => sharedBudgets.put(wish, OPERATOR))
    context.terminal.out.write(json ? `${JSON.stringify({ data: budgetRow(made) }, null, 2)}\n` : `${nameOf(made)}: ${sayUsd(made.cap)} ${made.interval} (${made.id})\n`)
    return 0
  },
}

const member: Command = {
  name: 'member', summary: 'what all keys of a member may spend together', words: ['<e-mail|id>', '<usd>'],
  flags: { interval, byok: { what: "count what providers charge on the account's own keys too" } },
  examples: [['switchyard budgets member jane@example.com 20 --interval weekly', 'at most $20.00 a week']],
  async run({ words, context, config, json, text, isOn }) {
    const [who = '', amount = ''] = words
    const cap = readAmount(amount)
    const made = await withAccounts(config, context, async ({ sharedBudgets, people }) => {
      const { userId } = await findMember(people, who)
      return await sharedBudgets.put({ accountId: DEFAULT_ACCOUNT, kind: 'member', subject: userId, cap, interval: readInterval(text('interval')), includeByok: isOn('byok') }, OPERATOR)
    })
    context.terminal.out.write(json ? `${JSON.stringify({ data: budgetRow(made) }, null, 2)}\n` : `${who}: ${sayUsd(made.cap)} ${made.interval} (${made.id})\n`)
    return 0
  },
}

const remove: Command = {
  name: 'delete', summary: 'take a budget away', words: ['<id>'], flags: {}, examples: [['switchyard budgets delete 0198c5a2-…', 'its id is in the list']],
  async run({ words, context, config, json }) {
    const [id = ''] = words
    await withAccounts(config, context, async ({ sharedBudgets }) => {
      const isMembers = (await sharedBudgets.list(DEFAULT_ACCOUNT, 'member')).some((budget) => budget.id === id)
      await sharedBudgets.delete(DEFAULT_ACCOUNT, isMembers ? 'member' : 'tag', id, OPERATOR)
    })
    context.terminal.out.write(json ? `${JSON.stringify({ deleted: true, id })}\n` : `deleted ${id}\n`)
    return 0
  },
}

/** `switchyard budgets`. */
export const budgetsGroup: CommandGroup = { name: 'budgets', summary: 'what members, and calls with a tag, may cost', alone: 'list', commands: [list, tag, member, remove] }

function readAmount(text: string): bigint {
  const amount = parseUsd(text.replace(/^\$/, ''))
  if (amount === undefined || amount <= 0n) throw usageError('the budget must be an amount of USD above 0, as 50 or 0.25')
  return amount
}

function readInterval(text: string | undefined): (typeof BUDGET_INTERVALS)[number] {
  const known = BUDGET_INTERVALS.find((name) => name === (text ?? 'lifetime'))
  if (!known) throw usageError(`--interval must be ${BUDGET_INTERVALS.join(', ')}`)
  return known
}

function nameOf({ kind, subject, value }: SharedBudgetRecord): string {
  return kind === 'member' ? `member ${subject}` : `${subject}=${value ?? '*'}`
}

function sayUse({ use }: SharedBudgetRecord): string {
  return use.length === 0 ? '$0.00' : use.slice(0, 3).map((one) => `${one.value === null || use.length === 1 ? '' : `${one.value} `}${sayUsd(one.used)}`).join(', ') + (use.length > 3 ? ', …' : '')
}

function sayKind({ mode, isRequired }: SharedBudgetRecord): string {
  return `${mode}${isRequired ? ', required' : ''}`
}

function budgetRow({ id, kind, subject, value, interval: resets, cap, mode, isRequired, includeByok, use }: SharedBudgetRecord): object {
  return {
    id, ...(kind === 'member' ? { user_id: subject } : { tag: subject, value, kind: mode, required: isRequired }), limit_usd: formatUsd(cap), interval: resets, include_byok_in_budgets: includeByok,
    used: use.map((one) => ({ ...(kind === 'tag' && { value: one.value }), used_usd: formatUsd(one.used) })),
  }
}
