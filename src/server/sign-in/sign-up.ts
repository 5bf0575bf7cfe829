import type { Instance } from '../../accounts/instance.ts'
import { readName } from '../../accounts/people.ts'
import type { SignInStore } from '../../accounts/sign-in-store.ts'
import { readEmail } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Clock } from '../../lib/clock.ts'
import { joinName } from './names.ts'

/** What decides who may become a person here. */
export interface SignUpRules { readonly store: Pick<SignInStore, 'isFresh' | 'hasOpenInvitation'>; readonly instance: Pick<Instance, 'maySignUp'>; readonly clock: Clock }

/** Whether somebody with this address may: the first person always, then as the settings say. */
export async function maySignUp(email: string, { store, instance, clock }: SignUpRules): Promise<boolean> {
  return await store.isFresh() || instance.maySignUp(email, await store.hasOpenInvitation(email, clock.wallMs()))
}

/**
 * The body of a sign-up as the library gets it: nothing else, and all that can be wrong with it is said before anybody looks whether the address is
 * known, so that nothing tells the one from the other. Throws Fault.
 */
export async function readSignUp(body: JsonObject | undefined, rules: SignUpRules): Promise<JsonObject> {
  const text = (field: string) => (typeof body?.[field] === 'string' ? body[field] : '')
  const email = readEmail(text('email'))
  const [firstName, lastName, name] = [readName('first_name', text('firstName')), readName('last_name', text('lastName')), readName('name', text('name'))]
  if (!await maySignUp(email, rules)) throw new Fault('permission_denied', 'Accounts here are by invitation: ask somebody who is in for one.')
  return { email, password: text('password'), name: joinName(firstName, lastName) || name || email, ...(firstName !== null && { firstName }), ...(lastName !== null && { lastName }) }
}
