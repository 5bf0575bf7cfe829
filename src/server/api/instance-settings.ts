import { INSTANCE_CHANGE, settingsJson } from '../../accounts/instance.ts'
import type { Route } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'

/** `GET /instance/settings`: what the operator has decided for the whole install. Only this server has it, as all of `/instance`. */
export const getInstanceSettings: Route = {
  method: 'GET', path: '/instance/settings', auth: 'operator',
  handle: ({ services }) => ({ data: settingsJson(services.instance.settings) }),
}

/** `PATCH /instance/settings`: what is left out stays as it is. */
export const changeInstanceSettings: Route = {
  method: 'PATCH', path: '/instance/settings', auth: 'operator',
  async handle(context) {
    const change = await readBody(context, INSTANCE_CHANGE)
    return { data: settingsJson(await context.services.instance.change(change, accessIn(context).actor)) }
  },
}
