import type { Instance } from '../../accounts/instance.ts'
import { FULL_NAME_CHARS_MAX, readName } from '../../accounts/people.ts'
import type { SignInStore } from '../../accounts/sign-in-store.ts'
import { readEmail } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Clock } from '../../lib/clock.ts'
import { joinName } from './names.ts'
import type { SetUp } from './set-up.ts'

/** What decides who may become a person here. */
export interface SignUpRules { readonly store: Pick<SignInStore, 'isFresh' | 'hasOpenInvitation'>; readonly instance: Pick<Instance, 'maySignUp' | 'settings'>; readonly clock: Clock; readonly setUp: Pick<SetUp, 'isAsked' | 'mayBeFirst'> }

/** How somebody comes to be here. `setUpCode`: what they show to be the first. `isByLetter`: a link lets them in. */
export interface Comes { readonly setUpCode?: string | undefined; readonly isByLetter: boolean }

/** Whether somebody with this address may: the first person where they may be that, then as the settings say. */
export async function maySignUp(email: string, { setUpCode, isByLetter }: Comes, { store, instance, clock, setUp }: SignUpRules): Promise<boolean> {
  if (await store.isFresh()) return await setUp.mayBeFirst(setUpCode, isByLetter)
  return instance.maySignUp(email, await store.hasOpenInvitation(email, clock.wallMs()))
}

/**
 * The body of a sign-up as the library gets it: nothing else, and all that can be wrong with it is said before anybody looks whether the address is
 * known, so that nothing tells the one from the other. Throws Fault.
 */
export async function readSignUp(body: JsonObject | undefined, rules: SignUpRules): Promise<JsonObject> {
  const text = (field: string) => (typeof body?.[field] === 'string' ? body[field] : '')
  const email = readEmail(text('email'))
  const [firstName, lastName, name] = [readName('first_name', text('firstName')), readName('last_name', text('lastName')), readName('name', text('name'), FULL_NAME_CHARS_MAX)]
  if (!await maySignUp(email, { setUpCode: text('setupCode'), isByLetter: true }, rules)) throw await refusal(rules)
  return { email, password: text('password'), name: joinName(firstName, lastName) || name || email, ...(firstName !== null && { firstName }), ...(lastName !== null && { lastName }) }
}

async function refusal({ setUp, instance }: SignUpRules): Promise<Fault> {
  return new Fault('permission_denied', await setUp.isAsked() ? 'Nobody runs this server yet: its first person shows the set-up code, which is in its log.' : whyNotSignUp(instance))
}

/** What is said to who may not make themselves a person here. */
export function whyNotSignUp({ settings }: Pick<Instance, 'settings'>): string {
  return settings.signUp.mode === 'closed' ? 'Nobody can make an account here at the moment: its operator has closed sign-up. Who has one can sign in.' : 'Accounts here are by invitation: ask somebody who is in for one.'
}
