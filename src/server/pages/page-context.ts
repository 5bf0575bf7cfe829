import type { Accounts } from '../../accounts/accounts.ts'
import type { AppGrants } from '../../accounts/apps/app-grants.ts'
import type { People } from '../../accounts/people.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import type { Workspaces } from '../../accounts/workspaces.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Services } from '../route.ts'
import type { AuthCall, SignIn } from '../sign-in/sign-in.ts'
import { readAnswer, type Answer } from './form.ts'

/** What a page is made of and for. */
export interface PageContext {
  readonly request: Request
  readonly url: URL
  /** What stands for `{name}` in the path. */
  readonly params: Readonly<Record<string, string>>
  readonly address: string | undefined
  readonly signIn: SignIn
  readonly people: People
  readonly accounts: Pick<Accounts, 'key' | 'deleteKey' | 'credits'>
  readonly workspaces: Workspaces
  /** Keys that people let apps have. */
  readonly appGrants: AppGrants
  /** What the API stands on: pages do what it does, by its rules. */
  readonly api: Services
  readonly clock: Clock
  /** Who is signed in; undefined: nobody. */
  readonly live: LiveSession | undefined
  /** The fields of the form; of GET, those of the query. Each is '' where it is missing. */
  readonly field: (name: string) => string
}

/** Answers a page of ours. */
export type PageHandler = (context: PageContext) => Promise<Response> | Response

/** Asks the sign-in library in the name of who sent the form. Too many tries are an answer too. */
export async function ask({ signIn, request, address }: Pick<PageContext, 'signIn' | 'request' | 'address'>, call: AuthCall): Promise<Answer> {
  try {
    return await readAnswer(await signIn.call({ request, address }, call))
  } catch (error) {
    if (!(error instanceof Fault) || !['rate_limited', 'invalid_request', 'permission_denied'].includes(error.code)) throw error
    return { isOk: false, status: error.status, cookies: [], code: error.code, message: error.message, json: {} }
  }
}

/** Where a person goes after this: a path of ours. */
export function nextOf({ signIn, field }: Pick<PageContext, 'signIn' | 'field'>): string {
  return signIn.site.localPath(field('next'))
}

/** ` ?next=…` for links that pass it on; nothing where it leads home. */
export function withNext(path: string, next: string): string {
  return next === '/' ? path : `${path}?next=${encodeURIComponent(next)}`
}
