import { z } from 'zod'
import { ROLES } from '../../accounts/roles.ts'
import type { SsoConnection, SsoSettings, SsoWish } from '../../accounts/sso-connection.ts'
import { Fault } from '../../core/fault.ts'
import type { Route, RouteContext } from '../route.ts'
import type { External } from '../sign-in/external.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'
import { organizationOf } from './organization.ts'

const NAME = { error: 'must be a name of 1 to 100 characters, for people who sign in' }
const KIND = { error: 'must be oidc or saml' }
const URL_ERROR = { error: 'must be an https address of at most 500 characters' }
const TEXT = { error: 'must be a text of 1 to 500 characters' }
const CERTIFICATES = { error: 'must be one to five certificates (PEM or base64, RSA of 2,048 bits or more), as the provider shows them' }
const address = z.string(URL_ERROR).max(500, URL_ERROR).refine((text) => /^https?:\/\/[^\s@]+$/.test(text) && URL.canParse(text), URL_ERROR)
const text = z.string(TEXT).trim().min(1, TEXT).max(500, TEXT)
const BOOLEAN = { error: 'must be true or false' }

const FIELDS = {
  name: z.string(NAME).trim().min(1, NAME).max(100, NAME).refine((name) => !/[\p{Cc}<>]/u.test(name), NAME).optional(),
  default_role: z.enum(ROLES, { error: 'must be admin or member' }).optional(),
  enforced: z.boolean(BOOLEAN).optional(),
  issuer: address.optional(), client_id: text.optional(), client_secret: text.optional(),
  idp_entity_id: text.optional(), sso_url: address.optional(), certificates: z.array(z.string(CERTIFICATES).max(10_000, CERTIFICATES), CERTIFICATES).min(1, CERTIFICATES).max(5, CERTIFICATES).optional(), allow_idp_initiated: z.boolean(BOOLEAN).optional(),
}
const NEW_CONNECTION = z.strictObject({ kind: z.enum(['oidc', 'saml'], KIND), ...FIELDS })
const CONNECTION_CHANGE = z.strictObject(FIELDS)
type Wish = z.output<typeof CONNECTION_CHANGE>

/** `GET /sso`: how the organization signs its people in (H21). Only this server has it, as all that follows. */
export const listSso: Route = {
  method: 'GET', path: '/sso', auth: 'management', operation: 'sso.read',
  async handle(context) {
    const external = externalOf(context)
    return { data: (await external.sso.list(await organizationOf(context))).map((connection) => row(connection, external)) }
  },
}

/** `POST /sso`: pending until it is activated. Says what is entered at the provider. */
export const createSso: Route = {
  method: 'POST', path: '/sso', auth: 'management', operation: 'sso.change',
  async handle(context) {
    const [external, accountId] = [externalOf(context), await organizationOf(context)]
    const { kind, ...wish } = await readBody(context, NEW_CONNECTION)
    const made = await external.sso.create(accountId, { name: wish.name ?? (kind === 'saml' ? 'SAML' : 'Single sign-on'), settings: await settingsOf(kind, wish, undefined, external), ...rest(wish) }, accessIn(context).actor)
    return Response.json({ data: row(made, external) }, { status: 201 })
  },
}

/** `GET /sso/{id}`. */
export const getSso: Route = {
  method: 'GET', path: '/sso/{id}', auth: 'management', operation: 'sso.read',
  handle: async (context) => ({ data: row(await connectionOf(context), externalOf(context)) }),
}

/** `PATCH /sso/{id}`: what is left out stays. */
export const changeSso: Route = {
  method: 'PATCH', path: '/sso/{id}', auth: 'management', operation: 'sso.change',
  async handle(context) {
    const [external, before] = [externalOf(context), await connectionOf(context)]
    const wish = await readBody(context, CONNECTION_CHANGE)
    const { settings } = before
    const changed = await external.sso.change(before.accountId, before.id, { ...(wish.name !== undefined && { name: wish.name }), settings: await settingsOf(settings.kind, wish, settings, external), ...rest(wish) }, accessIn(context).actor)
    return { data: row(changed, external) }
  },
}

/** `POST /sso/{id}/activate`: people of the organization's domains sign in with it from now on. 409 while it cannot work. */
export const activateSso: Route = {
  method: 'POST', path: '/sso/{id}/activate', auth: 'management', operation: 'sso.change',
  async handle(context) {
    const [external, { accountId, id }] = [externalOf(context), await connectionOf(context)]
    return { data: row(await external.sso.activate(accountId, id, accessIn(context).actor), external) }
  },
}

/** `POST /sso/{id}/check`: whether the provider answers, and says of itself what is needed. */
export const checkSso: Route = {
  method: 'POST', path: '/sso/{id}/check', auth: 'management', operation: 'sso.read',
  async handle(context) {
    const [external, connection] = [externalOf(context), await connectionOf(context)]
    const trouble = await external.check(connection).then(() => null, (error: unknown) => {
      if (error instanceof Fault) return error.options.detail ?? error.message
      throw error
    })
    return { data: { ok: trouble === null, error: trouble } }
  },
}

/** `POST /sso/{id}/disable`: nobody signs in with it any more. Members stay members. */
export const disableSso: Route = {
  method: 'POST', path: '/sso/{id}/disable', auth: 'management', operation: 'sso.change',
  async handle(context) {
    const [external, { accountId, id }] = [externalOf(context), await connectionOf(context)]
    return { data: row(await external.sso.disable(accountId, id, accessIn(context).actor), external) }
  },
}

/** `DELETE /sso/{id}`. */
export const deleteSso: Route = {
  method: 'DELETE', path: '/sso/{id}', auth: 'management', operation: 'sso.change',
  async handle(context) {
    await externalOf(context).sso.remove(await organizationOf(context), context.params['id'] ?? '', accessIn(context).actor)
    return { deleted: true }
  },
}

async function connectionOf(context: RouteContext): Promise<SsoConnection> {
  return await externalOf(context).sso.get(await organizationOf(context), context.params['id'] ?? '')
}

function externalOf({ services }: RouteContext): External {
  const external = services.signIn?.external
  if (!external) throw new Fault('not_found', 'Nobody can sign in here.')
  return external
}

function rest({ client_secret: secret, default_role: defaultRole, enforced: isEnforced }: Wish): Pick<SsoWish, 'secret' | 'defaultRole' | 'isEnforced'> {
  return { ...(secret !== undefined && { secret }), ...(defaultRole !== undefined && { defaultRole }), ...(isEnforced !== undefined && { isEnforced }) }
}

const OF_OIDC = ['issuer', 'client_id', 'client_secret'] as const
const OF_SAML = ['idp_entity_id', 'sso_url', 'certificates', 'allow_idp_initiated'] as const

/** Throws Fault `invalid_request` where something is missing, or is of the other kind. */
async function settingsOf(kind: SsoSettings['kind'], wish: Wish, before: SsoSettings | undefined, external: External): Promise<SsoSettings> {
  const foreign = (kind === 'oidc' ? OF_SAML : OF_OIDC).find((field) => wish[field] !== undefined)
  if (foreign) throw wrong(foreign, `is of ${kind === 'oidc' ? 'SAML' : 'OpenID Connect'}: leave it out`)
  if (kind === 'oidc') {
    const old = before?.kind === 'oidc' ? before : undefined
    const issuer = needed('issuer', wish.issuer ?? old?.issuer)
    if (issuer.startsWith('http:') && !external.isHttpAllowed) throw wrong('issuer', 'must be https; plain http is only for where the operator has opened private addresses (SWITCHYARD_EGRESS_PRIVATE)')
    if (!old) needed('client_secret', wish.client_secret)
    return { kind, issuer, clientId: needed('client_id', wish.client_id ?? old?.clientId) }
  }
  const old = before?.kind === 'saml' ? before : undefined
  const { readCertificate } = await import('../sign-in/saml-xml.ts')
  const certificates = wish.certificates?.map((given) => {
    const certificate = readCertificate(given)
    if (certificate === undefined) throw wrong('certificates', CERTIFICATES.error)
    return certificate
  })
  return {
    kind, entityId: needed('idp_entity_id', wish.idp_entity_id ?? old?.entityId), ssoUrl: needed('sso_url', wish.sso_url ?? old?.ssoUrl),
    certificates: needed('certificates', certificates ?? old?.certificates), allowsIdpInitiated: wish.allow_idp_initiated ?? old?.allowsIdpInitiated ?? false,
  }
}

function needed<T>(field: string, value: T | undefined): T {
  if (value === undefined) throw wrong(field, 'is missing')
  return value
}

function wrong(field: string, what: string): Fault {
  return new Fault('invalid_request', `The field \`${field}\` ${what}.`, { metadata: { field } })
}

/** Never with its secret. */
function row(connection: SsoConnection, external: External): object {
  const { id, name, settings, state, defaultRole, isEnforced, createdMs, updatedMs, activatedMs, disabledMs } = connection
  return {
    id, name, kind: settings.kind, state, default_role: defaultRole, enforced: isEnforced,
    ...(settings.kind === 'oidc' ? { issuer: settings.issuer, client_id: settings.clientId } : { idp_entity_id: settings.entityId, sso_url: settings.ssoUrl, certificates: settings.certificates, allow_idp_initiated: settings.allowsIdpInitiated }),
    provider_needs: external.addressesOf(connection),
    created_at: timeOrNull(createdMs), updated_at: timeOrNull(updatedMs), activated_at: timeOrNull(activatedMs), disabled_at: timeOrNull(disabledMs),
  }
}
