import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import { OPERATOR } from '../accounts/audit-entry.ts'
import type { Member } from '../accounts/organization.ts'
import type { People } from '../accounts/people.ts'
import { ROLES, type Role } from '../accounts/roles.ts'
import { userName } from '../accounts/user.ts'
import { usageError, type Command, type CommandGroup, type Invocation } from './command.ts'
import { withAccounts } from './data-dir.ts'
import { findMember } from './member-search.ts'
import { sayTime } from './say.ts'
import { table } from './table.ts'

const PAGE = 100
const MEMBER = '<e-mail|id>'
const role = { value: '<role>', what: 'admin or member (default: member)' }

const list: Command = {
  name: 'list', summary: 'who is in the organization', words: [], flags: {},
  examples: [['switchyard members list', 'a table']],
  async run({ context, config, json }) {
    const { out } = context.terminal
    const members = await withAccounts(config, context, ({ people }) => allMembers(people))
    if (json) out.write(`${JSON.stringify({ data: members.map(memberRow) }, null, 2)}\n`)
    else out.write(table(out, [{ title: 'E-MAIL' }, { title: 'NAME' }, { title: 'ROLE' }, { title: 'STATE' }, { title: 'SINCE' }, { title: 'ID' }],
      members.map(({ user, role: has, createdMs }) => [user.email, userName(user), has, user.disabledMs === null ? 'live' : 'disabled', sayTime(createdMs), user.id]), 'There are no members. Add one: switchyard members add name@example.com'))
    return 0
  },
}

const add: Command = {
  name: 'add', summary: 'let a person in', words: ['<e-mail>'],
  about: 'A person who is not known yet is made, with an account of their own.',
  flags: { role, 'first-name': { value: '<name>', what: 'first name of a new person' }, 'last-name': { value: '<name>', what: 'last name of a new person' } },
  examples: [['switchyard members add jane@example.com --role admin', 'a first admin']],
  async run(invocation) {
    const [email = ''] = invocation.words
    const { text } = invocation
    const wished = readRole(invocation)
    return await shown(invocation, 'added', async (people) => {
      const names = { firstName: text('first-name') ?? null, lastName: text('last-name') ?? null }
      const user = await people.userByEmail(email) ?? await people.addUser({ email, ...names }, OPERATOR)
      return await people.addMember(DEFAULT_ACCOUNT, user.id, wished, OPERATOR)
    })
  },
}

const invite: Command = {
  name: 'invite', summary: 'make an invitation and print its token, this once', words: ['<e-mail>'],
  about: 'The token is kept as its hash. It holds for a week, once, for this address; a new invitation ends the one before.', flags: { role },
  examples: [['switchyard members invite jane@example.com', 'to be sent to her']],
  async run(invocation) {
    const { words, context, config, json } = invocation
    const { token, invitation } = await withAccounts(config, context, ({ people }) => people.invite(DEFAULT_ACCOUNT, { email: words[0] ?? '', role: readRole(invocation) }, OPERATOR))
    const { id, email, role: has, expiresMs } = invitation
    context.terminal.out.write(json ? `${JSON.stringify({ token, data: { id, email, role: has, expires_at: new Date(expiresMs).toISOString() } }, null, 2)}\n` : `invited ${email} as ${has}, until ${sayTime(expiresMs)} UTC\ntoken  ${token}\n`)
    return 0
  },
}

const change: Command = {
  name: 'role', summary: 'make a member an admin, or an admin a member', words: [MEMBER, '<role>'], flags: {},
  examples: [['switchyard members role jane@example.com admin', 'she may do everything']],
  async run(invocation) {
    const [word = '', wished = ''] = invocation.words
    const known = ROLES.find((name) => name === wished)
    if (!known) throw usageError(`the role must be ${ROLES.join(' or ')}`)
    return await shown(invocation, 'changed', async (people) => people.changeRole(DEFAULT_ACCOUNT, (await findMember(people, word)).userId, known, OPERATOR))
  },
}

const remove: Command = {
  name: 'remove', summary: 'end a membership; their keys are disabled', words: [MEMBER], flags: {},
  examples: [['switchyard members remove jane@example.com', 'what she did stays on record']],
  async run(invocation) {
    return await shown(invocation, 'removed', async (people) => {
      const member = await findMember(people, invocation.words[0] ?? '')
      await people.removeMember(DEFAULT_ACCOUNT, member.userId, OPERATOR)
      return member
    })
  },
}

const disable = switchTo('disable', 'refuse a person, and their keys, in every account', true)
const enable = switchTo('enable', 'let a disabled person in again', false)

/** `switchyard members`. */
export const membersGroup: CommandGroup = { name: 'members', summary: 'who is in the organization, and as what', alone: 'list', commands: [list, add, invite, change, remove, disable, enable] }

function switchTo(name: 'disable' | 'enable', summary: string, disabled: boolean): Command {
  return {
    name, summary, words: [MEMBER], flags: {}, examples: [[`switchyard members ${name} jane@example.com`, 'within a second']],
    async run(invocation) {
      return await shown(invocation, `${name}d`, async (people) => {
        const { userId } = await findMember(people, invocation.words[0] ?? '')
        await people.setDisabled(userId, disabled, OPERATOR)
        return await findMember(people, userId)
      })
    },
  }
}

async function shown({ context, config, json }: Invocation, did: string, act: (people: People) => Promise<Member>): Promise<number> {
  const member = await withAccounts(config, context, ({ people }) => act(people))
  context.terminal.out.write(json ? `${JSON.stringify({ data: memberRow(member) }, null, 2)}\n` : `${did} ${member.user.email} (${member.role})\n`)
  return 0
}

async function allMembers(people: People): Promise<readonly Member[]> {
  const members: Member[] = []
  for (;;) {
    const { rows } = await people.listMembers(DEFAULT_ACCOUNT, { offset: members.length, limit: PAGE })
    members.push(...rows)
    if (rows.length < PAGE) return members
  }
}

function memberRow({ userId, role: has, user }: Member): object {
  return { id: userId, email: user.email, first_name: user.firstName, last_name: user.lastName, role: has, disabled: user.disabledMs !== null }
}

function readRole(invocation: Invocation): Role {
  const text = invocation.text('role') ?? 'member'
  const known = ROLES.find((name) => name === text)
  if (!known) throw usageError(`--role must be ${ROLES.join(' or ')}`)
  return known
}
