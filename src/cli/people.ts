import { join } from 'node:path'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { Operator } from '../accounts/operator.ts'
import type { PersonChange, PersonSummary } from '../accounts/operator-store.ts'
import { SIGN_IN_SECRET_FILE, SignInSecret } from '../accounts/sign-in-secret.ts'
import { userName } from '../accounts/user.ts'
import { personRow } from '../server/api/instance-people.ts'
import { CliError, usageError, type Command, type CommandGroup } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { sayCount, sayTime } from './say.ts'
import { table } from './table.ts'

const SHOWN = 50
const PERSON = '<e-mail|id>'
const REASON = { value: '<text>', what: 'why, for the log of changes' }

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

const renewSecret: Command = {
  name: 'renew-secret', summary: 'let people sign in again where the secret that they signed in with is lost', words: [],
  about: `The secret of this machine becomes that of all: SWITCHYARD_AUTH_SECRET, or the file ${SIGN_IN_SECRET_FILE} of the data directory, made where there is none. Everybody is signed out. Second factors that the lost secret sealed cannot be checked any more: they stay until they are taken, for the secret may turn up again. Where it is not lost, nothing changes.`,
  flags: { reason: REASON, yes: { what: 'really' } },
  examples: [['switchyard people renew-secret --yes', 'then start every server again, with this secret']],
  async run({ context, config, json, text, isOn }) {
    if (!isOn('yes')) throw usageError('this signs everybody out', 'add --yes to do it')
    const { dataDir, authSecret, databaseUrl } = config
    const reason = text('reason')
    const renewed = await withAccounts(config, context, ({ signIn }) => new SignInSecret({ dataDir, fromEnvironment: authSecret, store: signIn }).renew({ by: OPERATOR, nowMs: context.clock.wallMs(), ...(reason !== undefined && { reason }) }))
    const { out } = context.terminal
    if (json) out.write(`${JSON.stringify({ renewed: renewed !== undefined, ...(renewed && { sessions_ended: renewed.sessions, second_factors_lost: renewed.secondFactors }) })}\n`)
    else if (!renewed) out.write('nothing was changed: the secret of this machine is that of the store\n')
    else {
      const from = authSecret === undefined ? join(dataDir, SIGN_IN_SECRET_FILE) : 'SWITCHYARD_AUTH_SECRET'
      out.write(`people sign in with the secret in ${from} from now on; ${sayCount(renewed.sessions, 'session')} ended\n`)
      if (renewed.secondFactors > 0) out.write(`${sayCount(renewed.secondFactors, 'second factor')} cannot be checked any more: \`switchyard people drop-factor <e-mail>\` takes one\n`)
      out.write(databaseUrl === undefined ? 'start the server again\n' : 'give every other node this secret too, and start them all again\n')
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
    renewSecret,
  ],
}

function change(name: string, summary: string, wish: PersonChange, done = `${name}d`): Command {
  return {
    name, summary, words: [PERSON], flags: { reason: REASON }, examples: [[`switchyard people ${name} jane@example.com`, 'within a second']],
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
