import { OPERATOR } from '../accounts/audit-entry.ts'
import type { Operator } from '../accounts/operator.ts'
import { ACCOUNT_SORTS, ACCOUNT_STATES, type AccountSummary } from '../accounts/operator-store.ts'
import { ratesJson } from '../catalog/rate-limits.ts'
import { parseUsd, sayUsd } from '../core/nano.ts'
import { accountRow } from '../server/api/instance-accounts.ts'
import { usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { RATES_FLAG, readRates } from './key-extras.ts'
import { sayTime } from './say.ts'
import { facts, table } from './table.ts'

const SHOWN = 50
const ID = '<id>'
const reason = { value: '<text>', what: 'why, for the log of changes' }

const list: Command = {
  name: 'list', summary: `accounts of the install, ${SHOWN} of them`, words: [],
  flags: {
    search: { value: '<text>', what: 'a part of a name, an id, or a part of a member’s e-mail address' },
    state: { value: '<state>', what: `only those that are ${ACCOUNT_STATES.join(', ')}` }, sort: { value: '<by>', what: `${ACCOUNT_SORTS.join(', ')} (default: created)` },
  },
  examples: [['switchyard accounts list --sort spent', 'who uses most'], ['switchyard accounts list --search example.com', 'of whoever has such an address']],
  async run(invocation) {
    const { context, config, json, text } = invocation
    const { out } = context.terminal
    const [search, state, sort] = [text('search'), oneOf(invocation, 'state', ACCOUNT_STATES), oneOf(invocation, 'sort', ACCOUNT_SORTS)]
    const { rows, total } = await withAccounts(config, context, ({ operator }) => operator.listAccounts({ offset: 0, limit: SHOWN, ...(search !== undefined && { search }), ...(state && { state }), ...(sort && { sort }) }))
    if (json) out.write(`${JSON.stringify({ data: rows.map(accountRow), total_count: total }, null, 2)}\n`)
    else {
      out.write(table(out, [{ title: 'NAME' }, { title: 'KIND' }, { title: 'STATE' }, { title: 'LEFT', align: 'right' }, { title: 'USED', align: 'right' }, { title: 'MEMBERS', align: 'right' }, { title: 'SINCE' }, { title: 'ID' }],
        rows.map(({ id, name, kind, state: is, total: given, used, members, createdMs }) => [name, kind, is, sayUsd(given - used), sayUsd(used), String(members), sayTime(createdMs), id]), 'There is no such account.'))
      if (total > rows.length) out.write(`${rows.length} of ${total}\n`)
    }
    return 0
  },
}

const show: Command = {
  name: 'show', summary: 'one account', words: [ID], flags: {}, examples: [['switchyard accounts show default', 'the first one']],
  run: (invocation) => shown(invocation, (operator) => operator.account(idOf(invocation))),
}

const grant: Command = {
  name: 'grant', summary: 'give an account credit, or take it', words: [ID, '<usd>'],
  about: 'As `switchyard credits grant`, for any account. A negative amount takes credit back, never below zero; write -- before it.',
  flags: { reason, reference: { value: '<id>', what: 'the same again with the same reference changes nothing' } },
  examples: [['switchyard accounts grant default 25 --reason "outage of 3 May" --reference outage-3-may', 'once']],
  async run(invocation) {
    const { words, context, config, text } = invocation
    const amount = parseUsd((words[1] ?? '').replace(/^(-?)\$/, '$1'))
    if (amount === undefined || amount === 0n) throw usageError('the amount must be USD, as 50 or 0.25, and not zero')
    const why = text('reason') ?? 'granted at the command line'
    await withAccounts(config, context, async ({ operator, accounts }) => {
      const { id } = await operator.openAccount(idOf(invocation))
      await accounts.grant(id, amount, why, text('reference'), OPERATOR)
    })
    return await shown(invocation, (operator) => operator.account(idOf(invocation)))
  },
}

const limits: Command = {
  name: 'limits', summary: 'what holds for an account in place of what holds for all', words: [ID],
  flags: { members: { value: '<n>', what: 'members at most; none for what holds for all' }, rates: RATES_FLAG, reason },
  examples: [['switchyard accounts limits default --rates requests=6000,usd=2', 'in a minute, all its keys together'], ['switchyard accounts limits default --members 50', 'of an organization']],
  async run(invocation) {
    const members = invocation.text('members')
    const rates = readRates(invocation)
    if (members === undefined && rates === undefined) throw usageError('what is to hold? --members, --rates')
    if (members !== undefined && members !== 'none' && !/^[1-9]\d{0,6}$/.test(members)) throw usageError('--members must be a whole number of at least 1, or none')
    const overrides = { ...(members !== undefined && { membersMax: members === 'none' ? null : Number(members) }), ...(rates !== undefined && { rates }) }
    return await shown(invocation, (operator) => operator.setOverrides(idOf(invocation), overrides, invocation.text('reason'), OPERATOR))
  },
}

const suspend = switchTo('suspend', 'let none of its keys in, and nobody be signed in to it', true)
const resume = switchTo('resume', 'take that back', false)

/** `switchyard accounts`. */
export const accountsGroup: CommandGroup = { name: 'accounts', summary: 'all accounts of the install', alone: 'list', commands: [list, show, grant, limits, suspend, resume] }

function switchTo(name: 'suspend' | 'resume', summary: string, suspended: boolean): Command {
  return {
    name, summary, words: [ID], flags: { reason }, examples: [[`switchyard accounts ${name} acme --reason "unpaid bill"`, 'in every process within a second']],
    async run(invocation) {
      const why = invocation.text('reason')
      if (why === undefined) throw usageError('why? --reason "…": it is in the log, and in the answers that its keys get')
      return await shown(invocation, (operator) => operator.setSuspended(idOf(invocation), suspended, why, OPERATOR))
    },
  }
}

async function shown({ context, config, json }: Invocation, act: (operator: Operator) => Promise<AccountSummary>): Promise<number> {
  const account = await withAccounts(config, context, ({ operator }) => act(operator))
  const { out } = context.terminal
  out.write(json ? `${JSON.stringify({ data: accountRow(account) }, null, 2)}\n` : facts(out, factsOf(account)))
  return 0
}

function factsOf({ id, name, kind, state, suspendedReason, total, used, members, membersMax, rates }: AccountSummary): [string, string][] {
  const said = rates && Object.entries(ratesJson(rates)).filter(([, value]) => value !== null).map(([what, value]) => `${what.replaceAll('_', ' ')} ${String(value)}`).join(', ')
  return [
    ['id', id], ['name', name], ['kind', kind], ['state', suspendedReason ? `${state}: ${suspendedReason}` : state], ['given', sayUsd(total)], ['used', sayUsd(used)], ['left', sayUsd(total - used)],
    ['members', membersMax === null ? String(members) : `${members} of ${membersMax}`], ...(said ? [['rates', said] as [string, string]] : []),
  ]
}

function oneOf<const T extends string>({ text }: Invocation, flag: string, known: readonly T[]): T | undefined {
  const word = text(flag)
  const found = known.find((name) => name === word)
  if (word !== undefined && !found) throw usageError(`--${flag} must be ${known.join(', ')}`)
  return found
}

function idOf({ words }: Invocation): string {
  return words[0] ?? ''
}
