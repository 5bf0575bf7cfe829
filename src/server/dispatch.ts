import { DEFAULT_ACCOUNT } from '../accounts/accounts.ts'
import type { Caller } from '../accounts/caller.ts'
import { textModelCount } from '../catalog/count.ts'
import { seenBy } from '../catalog/visible.ts'
import { Fault } from '../core/fault.ts'
import { faultFrom } from '../gateway/attempt.ts'
import { answered } from '../gateway/compose/compose.ts'
import { generationId } from '../lib/id.ts'
import { accessOf, type Access } from './access.ts'
import { matchRoute } from './api/match.ts'
import { routes } from './api/routes.ts'
import { authenticate, shownKey, type ShownKey } from './authenticate.ts'
import { readBody } from './body.ts'
import { checkAddress, clientAddress, type Origins } from './client-address.ts'
import { withDefaultModel } from './default-model.ts'
import { docsPage, withDocsUrl } from './docs.ts'
import { pageOf } from './pages/pages.ts'
import { takePaymentEvent, WEBHOOK_PATH } from './payment-webhook.ts'
import { CORS_HEADERS, faultResponse, jsonResponse, preflight } from './respond.ts'
import { checkHost } from './host-header.ts'
import type { ServerOptions } from './server.ts'
import type { Route, RouteContext, Services } from './route.ts'
import { answerOf } from './answer.ts'
import { callHeaders, type CallEndpoint, type SideEndpoint } from './v1/call-endpoint.ts'
import { CALL_ENDPOINTS, SIDE_ENDPOINTS } from './v1/endpoints.ts'
import { accessOfSession, checkEyes, operatorAccess, type Session } from './session.ts'
import { AUTH_PATH } from './sign-in/sign-in.ts'
import { answerScim, SCIM_PATH } from './scim/scim.ts'
import { seenServices, sightOf } from './sight.ts'
import { readWithPreset } from './with-preset.ts'
import { orWorkspaceAdmin } from './workspace-admin.ts'

/** The prefixes below which the API lives: Cursor's (contract A29), ours, and the one that OpenAI's clients use by themselves. */
const PREFIXES = ['/api/v1/cursor', '/api/v1', '/v1']

const matchControl = matchRoute(routes)

/** Answers any request with the contract's body. Never rejects. */
export async function dispatch(request: Request, options: ServerOptions, origins: Origins): Promise<Response> {
  try {
    return await answer(request, options, origins)
  } catch (error) {
    return faultResponse(withDocsUrl(faultFrom(error, options.gateway), request.url))
  }
}

/** One call of a model: who calls, what is asked, and the answer in the words of the dialect that asked. */
async function call(request: Request, endpoint: CallEndpoint, params: Readonly<Record<string, string>>, { gateway, services, bodyBytesMax }: ServerOptions, origins: Origins): Promise<Response> {
  const createdMs = gateway.clock.wallMs()
  const id = generationId(createdMs)
  try {
    gateway.admission.check()
    const found = authenticate(request, services.accounts, createdMs, endpoint.key?.(request))
    const caller = checkAddress(found instanceof Promise ? await found : found, request, origins)
    const body = await readBody(request, bodyBytesMax)
    const plain = endpoint.withoutCall?.(body.json, seenServices(services, caller))
    if (plain) return jsonResponse(plain)
    const origin = { id, createdMs, headers: callHeaders(request.headers), bodyBytes: body.bytes }
    const json = endpoint.takesDefaultModel ? withDefaultModel(body.json, caller) : body.json
    const read = readWithPreset(json, (merged) => endpoint.read(merged, origin, params), origin, caller, services.presets)
    const made = read instanceof Promise ? await read : read
    const payer = gateway.wallets?.payerOf(caller, { header: made.headers.customer, tags: made.headers.tags, metadata: made.body['metadata'] }) ?? caller
    return await answerOf(made, endpoint.dialect, answered(made, payer instanceof Promise ? await payer : payer, gateway, request.signal), gateway)
  } catch (error) {
    return faultResponse(withDocsUrl(faultFrom(error, gateway), request.url), id, endpoint.dialect)
  }
}

async function control(request: Request, path: string, options: ServerOptions, origins: Origins): Promise<Response> {
  const found = matchControl(request.method === 'HEAD' ? 'GET' : request.method, path)
  if (!found) throw new Fault('not_found', `There is no ${path} here; docs/api.md lists what there is`)
  if ('allow' in found) return notAllowed(request.method, path, found.allow.join(', '))
  const result = await found.route.handle(await contextOf(request, found.route, found.params, options, origins))
  return result instanceof Response ? withCors(result) : jsonResponse(result)
}

async function answer(request: Request, options: ServerOptions, origins: Origins): Promise<Response> {
  const { gateway, services } = options
  const path = pathOf(request.url)
  checkHost(request)
  if (request.method === 'OPTIONS') return preflight(request)
  for (const endpoint of CALL_ENDPOINTS) {
    const params = endpoint.match(path, request)
    if (params) return request.method === 'POST' ? await call(request, endpoint, params, options, origins) : notAllowed(request.method, path, 'POST', endpoint.dialect)
  }
  for (const endpoint of SIDE_ENDPOINTS) {
    const params = endpoint.match(path, request)
    if (params) return await besideCalls(request, endpoint, params, options, origins)
  }
  if (path.startsWith(`${AUTH_PATH}/`) && services.signIn) return await services.signIn.handle({ request, address: clientAddress(request, origins) }, path.slice(AUTH_PATH.length))
  const page = services.signIn && await pageOf(request, path, clientAddress(request, origins), { people: services.people, accounts: services.accounts, workspaces: services.workspaces, appGrants: services.appGrants, api: services, signIn: services.signIn, clock: services.clock })
  if (page) return page
  if (path.startsWith(`${SCIM_PATH}/`)) return await answerScim(request, path, options)
  const prefix = PREFIXES.find((candidate) => path.startsWith(`${candidate}/`))
  if (prefix !== undefined) return await control(request, path.slice(prefix.length), options, origins)
  if (path.startsWith('/docs/')) return docsPage(path)
  if (path === WEBHOOK_PATH) return request.method === 'POST' ? await takePaymentEvent(request, services.payments) : notAllowed(request.method, path, 'POST')
  if (path === '/health') return jsonResponse({ status: 'ok' })
  if (path === '/ready') return gateway.admission.isDraining ? jsonResponse({ status: 'draining' }, 503) : jsonResponse({ status: 'ready', models: textModelCount(seenBy(services.snapshot())) })
  throw new Fault('not_found', `There is no ${path} here; the API is below /api/v1`)
}

/** The answer of a path that clients of a dialect ask beside their calls, in that dialect's words. */
async function besideCalls(request: Request, endpoint: SideEndpoint, params: Readonly<Record<string, string>>, options: ServerOptions, origins: Origins): Promise<Response> {
  const { gateway, services } = options
  try {
    if (request.method !== endpoint.method && request.method !== 'HEAD') return notAllowed(request.method, pathOf(request.url), endpoint.method, endpoint.dialect)
    const isKeyless = endpoint.auth === 'public' && shownKey(request) === undefined
    const caller = isKeyless ? undefined : await callerOf(request, endpoint, services, origins, endpoint.key?.(request))
    const body = async () => (await readBody(request, options.bodyBytesMax)).json
    const result = await endpoint.handle({ request, url: new URL(request.url), params, caller, session: undefined, access: undefined, ...await sightOf(request, caller, services, gateway), body })
    return result instanceof Response ? withCors(result) : jsonResponse(result)
  } catch (error) {
    return faultResponse(faultFrom(error, gateway), undefined, endpoint.dialect)
  }
}

async function contextOf(request: Request, route: Route, params: Readonly<Record<string, string>>, options: ServerOptions, origins: Origins): Promise<RouteContext> {
  const { services } = options
  const isKeyless = shownKey(request) === undefined
  const session = isKeyless && route.auth !== 'key' ? await services.sessions?.sessionOf(request) : undefined
  if (route.auth === 'person' && !session) throw new Fault('unauthenticated', 'Nobody is signed in: this is for people, not for keys.')
  if (session) checkEyes(session, route)
  const caller = session || (route.auth === 'public' && isKeyless) ? undefined : await callerOf(request, route, services, origins)
  const access = await orWorkspaceAdmin(accessFor(route, services, session, caller), { route, workspace: params['id'], services, session, caller })
  const accountId = session?.accountId
  const sight = accountId === undefined ? await sightOf(request, caller, services, options.gateway) : { services: { ...services, snapshot: () => seenBy(services.snapshot(), accountId) } }
  return { request, address: clientAddress(request, origins), url: new URL(request.url), params, caller, session, access, ...sight, body: async () => (await readBody(request, options.bodyBytesMax)).json }
}

async function accessFor(route: Route, services: Services, session: Session | undefined, caller: Caller | undefined): Promise<Access | undefined> {
  const operation = route.operation ?? 'account.administer'
  if (route.auth === 'management' && session) return accessOfSession(session, operation)
  if (route.auth !== 'management' && route.auth !== 'operator') return undefined
  // A customer of a reseller sees its own wallet there.
  if (route.isForWallets && caller?.key.wallet !== undefined) return undefined
  if (route.auth === 'operator' && session?.isOperator) return operatorAccess(session)
  if (caller?.key.kind !== 'management') throw new Fault('permission_denied', route.auth === 'operator' ? 'Only the operator of this install can do this' : 'Only management keys can perform this operation (`switchyard keys create --management`)')
  if (route.auth === 'operator' && (caller.accountId !== DEFAULT_ACCOUNT || caller.key.creatorUserId !== null)) throw new Fault('permission_denied', 'Only the operator of this install can do this: signed in, or with a management key that `switchyard keys create --management` made')
  return await accessOf(caller, operation, services.people)
}

async function callerOf(request: Request, route: Pick<Route | SideEndpoint, 'auth'>, services: Services, origins: Origins, shown?: ShownKey): Promise<Caller | undefined> {
  try {
    return checkAddress(await authenticate(request, services.accounts, services.clock.wallMs(), shown), request, origins)
  } catch (error) {
    // A public list is public: a stale key must not hide it.
    if (route.auth === 'public' && error instanceof Fault && (error.code === 'unauthenticated' || error.code === 'permission_denied')) return undefined
    throw error
  }
}

function notAllowed(method: string, path: string, allow: string, dialect?: SideEndpoint['dialect']): Response {
  const response = faultResponse(new Fault('method_not_allowed', `${path} does not take ${method}; it takes ${allow}`), undefined, dialect)
  response.headers.set('allow', allow)
  return response
}

function withCors(response: Response): Response {
  for (const [name, value] of Object.entries(CORS_HEADERS)) response.headers.set(name, value)
  return response
}

/** The path of a URL without making a URL object: that costs more than all the rest of finding a route. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2)
  const query = url.indexOf('?', start)
  const path = query === -1 ? url.slice(start) : url.slice(start, query)
  // Clients whose base URL ends in a slash say it twice, others say one at the end.
  return path.includes('//') || path.endsWith('/') ? path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '') : path
}
