import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { AUDIT_ACTIONS, type AuditEntry } from '../accounts/audit-entry.ts'
import { auditRow } from '../server/api/audit-log.ts'
import { usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { printable } from './paint.ts'
import { sayTime } from './say.ts'
import { table } from './table.ts'

const SHOWN = 50
const PAGE = 500
const action = { value: '<action>', what: `only one kind of change: ${AUDIT_ACTIONS.slice(0, 4).join(', ')}, …` }

const list: Command = {
  name: 'list', summary: 'who changed what, newest first', words: [], flags: { action },
  examples: [['switchyard audit list', `the last ${SHOWN} changes`], ['switchyard audit list --action key.rotate --json', 'for scripts']],
  async run(invocation) {
    const { context, config, json } = invocation
    const { out } = context.terminal
    const { rows } = await withAccounts(config, context, ({ people }) => people.audit(DEFAULT_ACCOUNT, { offset: 0, limit: SHOWN, ...readAction(invocation) }))
    if (json) out.write(`${JSON.stringify({ data: rows.map(auditRow) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'TIME (UTC)' }, { title: 'WHO' }, { title: 'ACTION' }, { title: 'WHAT' }, { title: 'CHANGED' }],
      rows.map((row) => [sayTime(row.atMs), printable(row.actor.name), row.action, row.target.slice(0, 24), changedFields(row)])))
    return 0
  },
}

const exported: Command = {
  name: 'export', summary: 'every change, a line of JSON each, newest first', words: [], flags: { action },
  examples: [['switchyard audit export > audit.ndjson', 'for an archive']],
  async run(invocation) {
    const { context, config } = invocation
    const untilMs = context.clock.wallMs() + 1
    await withAccounts(config, context, async ({ people }) => {
      for (let offset = 0; ; offset += PAGE) {
        const { rows } = await people.audit(DEFAULT_ACCOUNT, { offset, limit: PAGE, untilMs, ...readAction(invocation) })
        for (const row of rows) context.terminal.out.write(`${JSON.stringify(auditRow(row))}\n`)
        if (rows.length < PAGE) return
      }
    })
    return 0
  },
}

/** `switchyard audit`. */
export const auditGroup: CommandGroup = { name: 'audit', summary: 'the log of changes', alone: 'list', commands: [list, exported] }

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
