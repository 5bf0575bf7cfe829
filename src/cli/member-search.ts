import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import type { Member } from '../accounts/organization.ts'
import type { People } from '../accounts/people.ts'
import { CliError } from './command.ts'

/** The member that a word means: their e-mail address or their id. Throws what to write instead. */
export async function findMember(people: People, word: string): Promise<Member> {
  const user = word.includes('@') ? await people.userByEmail(word) : await people.user(word)
  const member = user && await people.member(DEFAULT_ACCOUNT, user.id)
  if (!member) throw new CliError(`there is no member “${word}”`, '`switchyard members list` shows them')
  return member
}
