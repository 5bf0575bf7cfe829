import { Fault } from '../../core/fault.ts'
import { isObject, parseObject, type JsonObject } from '../../core/json.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import type { Route, RouteContext } from '../route.ts'
import { accessOfSession, checkEyes } from '../session.ts'
import type { PageContext } from './page-context.ts'

interface Wish { readonly params?: RouteContext['params']; readonly body?: Readonly<Record<string, unknown>> }

/** Does an operation of the API in the name of who looks at a page: what may be done, and by whom, is decided in one place. Throws Fault. */
export async function operate({ request, url, address, api: services }: PageContext, live: LiveSession, route: Route, { params = {}, body = {} }: Wish = {}): Promise<JsonObject> {
  checkEyes(live, route)
  const access = route.auth === 'management' ? accessOfSession(live, route.operation ?? 'account.administer') : undefined
  const result = await route.handle({ request, url, params, caller: undefined, session: live, access, services, address, body: () => Promise.resolve({ ...body }) })
  if (result instanceof Response) return parseObject(await result.text()) ?? {}
  return isObject(result) ? result : {}
}

/** A form as it is shown again: what came of it. */
export interface Shown {
  /** Which form was sent; what was typed into it stands in it again. */
  readonly form: string
  readonly trouble: string
  readonly status: number
}

type ForPerson = (context: PageContext, live: LiveSession) => Promise<Response>

/** A handler of a form whose faults are told on the page that the form is on. */
export function withTrouble(form: string, show: (context: PageContext, live: LiveSession, shown: Shown) => Promise<Response>, handle: ForPerson): ForPerson {
  return async (context, live) => {
    try {
      return await handle(context, live)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return await show(context, live, { form, trouble: plainTrouble(error.message), status: error.status })
    }
  }
}

/** What is in a field of a form: what was typed, where it is shown again, and what it begins with otherwise. */
export function typedIn({ field }: PageContext, shown: Shown | undefined, form: string): (name: string, fresh?: string) => string {
  return (name, fresh = '') => (shown?.form === form ? field(name) : fresh)
}

/** A refusal of the API in the words of a form. */
function plainTrouble(message: string): string {
  return message.replace(/^The field `(?:[a-z_]+\.)?([a-z_]+)`/, (_, name: string) => NAMES[name] ?? name).replace(', or null for ', ', or empty for ')
    // What there is to choose from is on the page.
    .replace(/ \((?:GET|POST) \/api\/v1\/[^)]*\)/g, '').replace(/(?:;|(?<=\.)) GET \/api\/v1\/\S+ lists (?:them|the hashes)\.?/g, '')
}

/** What forms call what the API calls otherwise. */
const NAMES: Readonly<Record<string, string>> = {
  amount_usd: 'The amount', amount: 'The amount', threshold_usd: 'The threshold', monthly_max_usd: 'The most in a month', monthly_max: 'The most in a month', name: 'The name', limit: 'The limit', limit_reset: 'The reset', expires_at: 'The end',
  workspace_id: 'The workspace', email: 'The e-mail address', role: 'The role', address: 'The address', tax_id: 'The tax id', percent: 'The percentages', balance_usd: 'The credit', addresses: 'The addresses',
}
