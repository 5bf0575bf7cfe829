import { OPERATOR } from '../accounts/audit-entry.ts'
import type { Operator } from '../accounts/operator.ts'
import type { PersonChange, PersonSummary } from '../accounts/operator-store.ts'
import { userName } from '../accounts/user.ts'
import { personRow } from '../server/api/instance-people.ts'
import { CliError, type Command, type CommandGroup } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { sayTime } from './say.ts'
import { table } from './table.ts'

const SHOWN = 50
const PERSON = '<e-mail|id>'

const list: Command = {
  name: 'list', summary: `people of the install, ${SHOWN} of them`, words: [], flags: { search: { value: '<text>', what: 'a part of a name or an e-mail address' }, operators: { what: 'only operators' } },
  examples: [['switchyard people list --operators', 'who runs it']],
  async run({ context, config, json, text, isOn }) {
    const { out } = context.terminal
    const search = text('search')
    const { rows, total } = await withAccounts(config, context, ({ operator }) => operator.listPeople({ offset: 0, limit: SHOWN, ...(search !== undefined && { search }), ...(isOn('operators') && { isOperator: true }) }))
    if (json) out.write(`${JSON.stringify({ data: rows.map(personRow), total_count: total }, null, 2)}\n`)
    else {
      out.write(table(out, [{ title: 'E-MAIL' }, { title: 'NAME' }, { title: 'STATE' }, { title: 'ACCOUNTS', align: 'right' }, { title: 'SINCE' }, { title: 'ID' }],
        rows.map((row) => [row.email, userName(row), row.disabledMs !== null ? 'disabled' : row.isOperator ? 'operator' : 'live', String(row.accounts), sayTime(row.createdMs), row.id]), 'There is nobody.'))
      if (total > rows.length) out.write(`${rows.length} of ${total}\n`)
    }
    return 0
  },
}

/** `switchyard people`. */
export const peopleGroup: CommandGroup = {
  name: 'people', summary: 'everybody who has a place here', alone: 'list',
  commands: [
    list,
    change('disable', 'refuse a person, and their keys, in every account', { disabled: true }), change('enable', 'let a disabled person in again', { disabled: false }),
    change('drop-factor', 'take the second factor of somebody who has lost theirs', { twoFactor: false }, 'took the second factor of'),
    change('promote', 'make a person an operator of the install', { operator: true }), change('demote', 'take that back; never from the last', { operator: false }),
  ],
}

function change(name: string, summary: string, wish: PersonChange, done = `${name}d`): Command {
  return {
    name, summary, words: [PERSON], flags: { reason: { value: '<text>', what: 'why, for the log of changes' } }, examples: [[`switchyard people ${name} jane@example.com`, 'within a second']],
    async run({ words, context, config, json, text }) {
      const person = await withAccounts(config, context, async ({ operator }) => await operator.changePerson((await findPerson(operator, words[0] ?? '')).id, wish, text('reason'), OPERATOR))
      context.terminal.out.write(json ? `${JSON.stringify({ data: personRow(person) }, null, 2)}\n` : `${done} ${person.email}\n`)
      return 0
    },
  }
}

async function findPerson(operator: Operator, word: string): Promise<PersonSummary> {
  const { rows } = await operator.listPeople({ offset: 0, limit: 100, search: word })
  const found = rows.find(({ id, email }) => id === word || email === word.toLowerCase())
  if (!found) throw new CliError(`there is nobody called “${word}”`, '`switchyard people list` shows them')
  return found
}
