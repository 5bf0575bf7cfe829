import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { AUDIT_ACTIONS, type AuditEntry } from '../accounts/audit-entry.ts'
import type { AuditPage } from '../accounts/audit-entry.ts'
import type { Listed } from '../accounts/people-store.ts'
import { auditLines, auditRow, instanceAuditRow } from '../server/api/audit-log.ts'
import { usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import { withAccounts, type OpenData } from './data-dir.ts'
import { sayTime } from './say.ts'
import { table } from './table.ts'

const SHOWN = 50
const everywhere = { what: 'of every account, and of the install itself' }
const action = { value: '<action>', what: `only one kind of change: ${AUDIT_ACTIONS.slice(0, 4).join(', ')}, …` }

const list: Command = {
  name: 'list', summary: 'who changed what, newest first', words: [], flags: { action, all: everywhere },
  examples: [['switchyard audit list', `the last ${SHOWN} changes`], ['switchyard audit list --action key.rotate --json', 'for scripts']],
  async run(invocation) {
    const { context, config, json } = invocation
    const { out } = context.terminal
    const { rows } = await withAccounts(config, context, (data) => logOf(invocation, data)({ offset: 0, limit: SHOWN, ...readAction(invocation) }))
    if (json) out.write(`${JSON.stringify({ data: rows.map(rowOf(invocation)) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'TIME (UTC)' }, { title: 'WHO' }, { title: 'ACTION' }, { title: 'WHAT' }, { title: 'CHANGED' }],
      rows.map((row) => [sayTime(row.atMs), row.actor.name, row.action, row.target.slice(0, 24), changedFields(row)]), 'There is no such entry.'))
    return 0
  },
}

const exported: Command = {
  name: 'export', summary: 'every change, a line each, newest first', words: [], flags: { action, all: everywhere, csv: { what: 'as CSV; JSON lines, unless said' } },
  examples: [['switchyard audit export > audit.ndjson', 'for an archive'], ['switchyard audit export --all --csv > audit.csv', 'for a spreadsheet']],
  async run(invocation) {
    const { context, config } = invocation
    const untilMs = context.clock.wallMs() + 1
    await withAccounts(config, context, async (data) => {
      const read = logOf(invocation, data)
      for await (const lines of auditLines((page) => read({ ...page, untilMs, ...readAction(invocation) }), invocation.isOn('csv') ? 'csv' : 'ndjson', rowOf(invocation))) context.terminal.out.write(lines)
    })
    return 0
  },
}

/** `switchyard audit`. */
export const auditGroup: CommandGroup = { name: 'audit', summary: 'the log of changes', alone: 'list', commands: [list, exported] }

/** The log that is asked for: the first account's, or everything. */
function logOf({ isOn }: Invocation, { people, operator }: OpenData): (page: AuditPage) => Promise<Listed<AuditEntry>> {
  return isOn('all') ? (page) => operator.audit(page) : (page) => people.audit(DEFAULT_ACCOUNT, page)
}

function rowOf({ isOn }: Invocation): (entry: AuditEntry) => object {
  return isOn('all') ? instanceAuditRow : auditRow
}

function readAction(invocation: Invocation): { readonly action?: (typeof AUDIT_ACTIONS)[number] } {
  const text = invocation.text('action')
  if (text === undefined) return {}
  const known = AUDIT_ACTIONS.find((name) => name === text)
  if (!known) throw usageError(`--action must be one of ${AUDIT_ACTIONS.join(', ')}`)
  return { action: known }
}

/** Names of what differs between before and after. */
function changedFields({ before, after }: AuditEntry): string {
  const [was, is] = [fieldsOf(before), fieldsOf(after)]
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]) && name !== 'updatedMs')
  return before === null || after === null ? '' : names.join(', ')
}

function fieldsOf(value: AuditEntry['before']): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
