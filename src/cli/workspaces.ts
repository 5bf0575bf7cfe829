import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import { BUDGET_INTERVALS, type Budget, type Workspace } from '../accounts/workspace.ts'
import type { Workspaces } from '../accounts/workspaces.ts'
import { parseUsd, sayUsd } from '../core/nano.ts'
import { workspaceRow } from '../server/api/workspaces.ts'
import { usageError, type Command, type CommandGroup } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { findMember } from './member-search.ts'
import { sayTime } from './say.ts'
import { table } from './table.ts'

const PAGE = 100
const WORKSPACE = '<id|slug>'

const list: Command = {
  name: 'list', summary: 'all workspaces, with their budgets', words: [], flags: {},
  examples: [['switchyard workspaces list', 'a table']],
  async run({ context, config, json }) {
    const { out } = context.terminal
    const found = await withAccounts(config, context, async ({ workspaces }) => {
      const all = await allWorkspaces(workspaces)
      return await Promise.all(all.map(async (workspace) => ({ workspace, budgets: (await workspaces.budgets(DEFAULT_ACCOUNT, workspace.id)).rows })))
    })
    if (json) out.write(`${JSON.stringify({ data: found.map(({ workspace }) => workspaceRow(workspace)) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'SLUG' }, { title: 'NAME' }, { title: 'BUDGETS' }, { title: 'CREATED' }, { title: 'ID' }],
      found.map(({ workspace: { slug, name, createdMs, id }, budgets }) => [slug, name, sayBudgets(budgets), sayTime(createdMs), id])))
    return 0
  },
}

const create: Command = {
  name: 'create', summary: 'make a workspace', words: ['<slug>'], flags: { name: { value: '<name>', what: 'for people (default: the slug)' }, description: { value: '<text>', what: 'what it is for' } },
  examples: [['switchyard workspaces create research --name "Research"', 'keys in it: switchyard keys create --workspace research']],
  async run({ words, context, config, json, text }) {
    const [slug = ''] = words
    const made = await withAccounts(config, context, ({ workspaces }) => workspaces.create({ accountId: DEFAULT_ACCOUNT, slug, name: text('name') ?? slug, description: text('description') ?? null }, OPERATOR))
    context.terminal.out.write(json ? `${JSON.stringify({ data: workspaceRow(made) }, null, 2)}\n` : `made ${made.slug} (${made.id})\n`)
    return 0
  },
}

const budget: Command = {
  name: 'budget', summary: 'what a workspace may cost', words: [WORKSPACE, '<interval>', '<usd>'], flags: {},
  about: 'The interval is daily, weekly, monthly or lifetime; each must be less than the broader ones. `none` takes it away.',
  examples: [['switchyard workspaces budget research monthly 200', 'at most $200.00 a month'], ['switchyard workspaces budget research monthly none', 'no bound']],
  async run({ words, context, config, json }) {
    const [word = '', wished = '', amount = ''] = words
    const interval = BUDGET_INTERVALS.find((known) => known === wished)
    if (!interval) throw usageError(`the interval must be ${BUDGET_INTERVALS.join(', ')}`)
    const cap = amount === 'none' ? null : parseUsd(amount.replace(/^\$/, ''))
    if (cap === undefined) throw usageError('the budget must be an amount of USD, as 50 or 0.25, or none')
    const rows = await withAccounts(config, context, async ({ workspaces }) => {
      const { id } = await workspaces.get(DEFAULT_ACCOUNT, word)
      if (cap === null) await workspaces.deleteBudget(DEFAULT_ACCOUNT, id, interval, OPERATOR)
      else await workspaces.setBudget({ accountId: DEFAULT_ACCOUNT, workspaceId: id, interval, cap }, OPERATOR)
      return (await workspaces.budgets(DEFAULT_ACCOUNT, id)).rows
    })
    context.terminal.out.write(json ? `${JSON.stringify({ data: rows.map((row) => ({ interval: row.interval, limit: sayUsd(row.cap) })) }, null, 2)}\n` : `${word}: ${sayBudgets(rows)}\n`)
    return 0
  },
}

const addMember = memberCommand('add-member', 'let a member of the organization into a workspace', async (workspaces, workspace, userId) => { await workspaces.addMembers(DEFAULT_ACCOUNT, workspace, [userId], OPERATOR) })
const removeMember = memberCommand('remove-member', 'take a member out of a workspace', async (workspaces, workspace, userId) => { await workspaces.removeMembers(DEFAULT_ACCOUNT, workspace, [userId], OPERATOR) })

const remove: Command = {
  name: 'delete', summary: 'delete a workspace without live keys, with its budgets and guardrails', words: [WORKSPACE], flags: {},
  examples: [['switchyard workspaces delete research', 'not the default one']],
  async run({ words, context, config, json }) {
    const gone = await withAccounts(config, context, async ({ workspaces }) => {
      const workspace = await workspaces.get(DEFAULT_ACCOUNT, words[0] ?? '')
      await workspaces.delete(DEFAULT_ACCOUNT, workspace.id, OPERATOR)
      return workspace
    })
    context.terminal.out.write(json ? `${JSON.stringify({ deleted: true, id: gone.id })}\n` : `deleted ${gone.slug}\n`)
    return 0
  },
}

/** `switchyard workspaces`. */
export const workspacesGroup: CommandGroup = { name: 'workspaces', summary: 'parts of the account with their own keys, members and budgets', alone: 'list', commands: [list, create, budget, addMember, removeMember, remove] }

function memberCommand(name: string, summary: string, act: (workspaces: Workspaces, workspace: Workspace, userId: string) => Promise<void>): Command {
  return {
    name, summary, words: [WORKSPACE, '<e-mail|id>'], flags: {}, examples: [[`switchyard workspaces ${name} research jane@example.com`, 'by her address']],
    async run({ words, context, config, json }) {
      const [word = '', who = ''] = words
      const { workspace, member } = await withAccounts(config, context, async ({ workspaces, people }) => {
        const found = { workspace: await workspaces.get(DEFAULT_ACCOUNT, word), member: await findMember(people, who) }
        await act(workspaces, found.workspace, found.member.userId)
        return found
      })
      context.terminal.out.write(json ? `${JSON.stringify({ workspace: workspace.id, member: member.userId })}\n` : `${name.replace('-member', '')}${name.startsWith('add') ? 'ed' : 'd'} ${member.user.email}: ${workspace.slug}\n`)
      return 0
    },
  }
}

async function allWorkspaces(workspaces: Workspaces): Promise<readonly Workspace[]> {
  const all: Workspace[] = []
  for (;;) {
    const { rows } = await workspaces.list(DEFAULT_ACCOUNT, { offset: all.length, limit: PAGE })
    all.push(...rows)
    if (rows.length < PAGE) return all
  }
}

function sayBudgets(budgets: readonly Budget[]): string {
  return budgets.length === 0 ? 'none' : budgets.map(({ interval, cap }) => `${sayUsd(cap)} ${interval}`).join(', ')
}
