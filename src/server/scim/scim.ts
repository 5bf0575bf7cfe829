import type { DirectoryCaller, ListWish, WrittenUser } from '../../accounts/scim/directory.ts'
import { resourceTypes, schemas, serviceProviderConfig } from '../../accounts/scim/discovery.ts'
import { readPatch } from '../../accounts/scim/patch.ts'
import { projected, type Projection } from '../../accounts/scim/projection.ts'
import { etag, groupResource, userResource } from '../../accounts/scim/resource.ts'
import { GROUP, USER, type ResourceSchema } from '../../accounts/scim/schema.ts'
import type { Entry, Group } from '../../accounts/scim/scim-store.ts'
import { Fault } from '../../core/fault.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { faultFrom } from '../../gateway/attempt.ts'
import { shownKey, suspendedFault } from '../authenticate.ts'
import { readBody } from '../body.ts'
import type { ServerOptions } from '../server.ts'
import { invite } from './invite.ts'
import { askedIn, listResponse, readList, readProjection, shows, versionAsked, type Asked } from './scim-request.ts'

/** Where an organisation's directory finds us (RFC 7644 §1.3). */
export const SCIM_PATH = '/scim/v2'

interface ScimContext {
  readonly request: Request
  readonly asked: Asked
  readonly caller: DirectoryCaller
  readonly options: ServerOptions
  /** Where we are, without a slash at the end. */
  readonly base: string
  readonly id: string
  readonly body: () => Promise<JsonObject>
}

type Handler = (context: ScimContext) => Promise<Response> | Response
/** Methods of a path; a path with an id has `{id}` at its end. */
type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', Handler>>>

/** Answers a request of a directory. Never rejects: what goes wrong is said in SCIM's words. */
export async function answerScim(request: Request, path: string, options: ServerOptions): Promise<Response> {
  try {
    const caller = await callerOf(request, options)
    const url = new URL(request.url)
    const rest = path.slice(SCIM_PATH.length).replace(/\/$/, '')
    const found = find(rest)
    if (!found) throw new Fault('not_found', `There is no ${path.slice(0, 100)} here; ${SCIM_PATH} has Users, Groups, ServiceProviderConfig, ResourceTypes and Schemas`)
    // The table has its methods by these names; others are not in it.
    const handle = found.methods[(request.method === 'HEAD' ? 'GET' : request.method) as keyof Methods]
    if (!handle) return notAllowed(request.method, Object.keys(found.methods))
    return await handle({ request, asked: askedIn(url.searchParams), caller, options, base: `${url.origin}${SCIM_PATH}`, id: found.id, body: async () => (await readBody(request, options.bodyBytesMax)).json })
  } catch (error) {
    return scimError(faultFrom(error, options.gateway))
  }
}

async function callerOf(request: Request, { services }: ServerOptions): Promise<DirectoryCaller> {
  const secret = shownKey(request)
  const caller = secret === undefined ? undefined : await services.scim.tokens.find(secret)
  if (!caller) throw new Fault('unauthenticated', 'Send a live token of the organization as `Authorization: Bearer sk-scim-v1-…`: POST /api/v1/scim/tokens makes one.')
  const suspended = (await services.people.account(caller.accountId))?.suspended
  if (suspended !== undefined) throw suspendedFault(suspended)
  return caller
}

const users: Methods = {
  GET: (context) => listUsers(context, context.asked),
  POST: async (context) => shownUser(context, await context.options.services.scim.directory.createUser(context.caller, await context.body()), 201),
}

const user: Methods = {
  GET: async (context) => {
    const entry = await context.options.services.scim.directory.user(context.caller, context.id)
    return unchanged(context.request, entry.version) ?? shownUser(context, { entry }, 200)
  },
  PUT: async (context) => shownUser(context, await context.options.services.scim.directory.replaceUser(context.caller, context.id, await context.body(), versionAsked(context.request)), 200),
  PATCH: async (context) => shownUser(context, await context.options.services.scim.directory.patchUser(context.caller, context.id, readPatch(await context.body()), versionAsked(context.request)), 200),
  DELETE: async (context) => {
    await context.options.services.scim.directory.deleteUser(context.caller, context.id, versionAsked(context.request))
    return new Response(null, { status: 204 })
  },
}

const groups: Methods = {
  GET: (context) => listGroups(context, context.asked),
  POST: async (context) => shownGroup(context, await context.options.services.scim.directory.createGroup(context.caller, await context.body()), 201),
}

const group: Methods = {
  GET: async (context) => {
    const found = await context.options.services.scim.directory.group(context.caller, context.id, shows(readProjection(context.asked), 'members'))
    return unchanged(context.request, found.version) ?? shownGroup(context, found, 200)
  },
  PUT: async (context) => shownGroup(context, await context.options.services.scim.directory.replaceGroup(context.caller, context.id, await context.body(), versionAsked(context.request)), 200),
  PATCH: async (context) => shownGroup(context, await context.options.services.scim.directory.patchGroup(context.caller, context.id, readPatch(await context.body()), versionAsked(context.request)), 200),
  DELETE: async (context) => {
    await context.options.services.scim.directory.deleteGroup(context.caller, context.id, versionAsked(context.request))
    return new Response(null, { status: 204 })
  },
}

const PATHS: readonly (readonly [path: string, methods: Methods])[] = [
  ['/Users', users], ['/Users/.search', { POST: async (context) => listUsers(context, await context.body()) }], ['/Users/{id}', user],
  ['/Groups', groups], ['/Groups/.search', { POST: async (context) => listGroups(context, await context.body()) }], ['/Groups/{id}', group],
  ['/.search', { POST: async (context) => searchAll(context, await context.body()) }],
  ['/ServiceProviderConfig', { GET: ({ base }) => scimJson(serviceProviderConfig(base)) }],
  ['/ResourceTypes', { GET: ({ base }) => all(resourceTypes(base)) }], ['/ResourceTypes/{id}', { GET: ({ base, id }) => oneOf(resourceTypes(base), id) }],
  ['/Schemas', { GET: ({ base }) => all(schemas(base)) }], ['/Schemas/{id}', { GET: ({ base, id }) => oneOf(schemas(base), id) }],
]

function find(path: string): { readonly methods: Methods; readonly id: string } | undefined {
  const exact = PATHS.find(([known]) => known === path)
  if (exact) return { methods: exact[1], id: '' }
  const [, start, id] = /^(\/\w+)\/([^/]+)$/.exec(path) ?? []
  const withId = PATHS.find(([known]) => known === `${start}/{id}`)
  return withId && id !== undefined ? { methods: withId[1], id: decoded(id) } : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // No id of ours has a bare % in it.
    return text
  }
}

async function listUsers({ options, caller, base }: ScimContext, asked: Asked): Promise<Response> {
  const projection = readProjection(asked)
  const { startIndex, ...wish } = readList(asked, USER, projection)
  const { rows, total } = await options.services.scim.directory.listUsers(caller, wish)
  return scimJson(listResponse(rows.map((row) => projected(userResource(row, base), projection, USER)), total, startIndex))
}

async function listGroups({ options, caller, base }: ScimContext, asked: Asked): Promise<Response> {
  const projection = readProjection(asked)
  const { startIndex, ...wish } = readList(asked, GROUP, projection)
  const { rows, total } = await options.services.scim.directory.listGroups(caller, wish)
  return scimJson(listResponse(rows.map((row) => projected(groupResource(row, base), projection, GROUP)), total, startIndex))
}

/** People first, then groups: a filter that names what one of the two does not have finds none of that one. */
async function searchAll({ options, caller, base }: ScimContext, asked: Asked): Promise<Response> {
  const projection = readProjection(asked)
  const { directory } = options.services.scim
  const [ofUsers, ofGroups] = [listOf(asked, USER, projection), listOf(asked, GROUP, projection)]
  if (!ofUsers.wish && !ofGroups.wish) throw ofUsers.fault
  const people = ofUsers.wish ? await directory.listUsers(caller, ofUsers.wish) : { rows: [], total: 0 }
  const page = (ofUsers.wish ?? ofGroups.wish)?.page ?? { offset: 0, limit: 0 }
  const rest = { offset: Math.max(0, page.offset - people.total), limit: page.limit - people.rows.length }
  const teams = ofGroups.wish ? await directory.listGroups(caller, { ...ofGroups.wish, page: rest }) : { rows: [], total: 0 }
  const resources = [...people.rows.map((row) => projected(userResource(row, base), projection, USER)), ...teams.rows.map((row) => projected(groupResource(row, base), projection, GROUP))]
  return scimJson(listResponse(resources, people.total + teams.total, page.offset + 1))
}

function listOf(asked: Asked, schema: ResourceSchema, projection: Projection): { readonly wish?: ListWish; readonly fault?: Fault } {
  try {
    return { wish: readList(asked, schema, projection) }
  } catch (error) {
    if (error instanceof Fault) return { fault: error }
    throw error
  }
}

async function shownUser(context: ScimContext, { entry, asked }: WrittenUser, status: 200 | 201): Promise<Response> {
  if (asked) await invite(context.options.services, context.caller.accountId, asked)
  return shown(context, userResource(entry, context.base), entry, USER, status)
}

function shownGroup(context: ScimContext, found: Group, status: 200 | 201): Response {
  return shown(context, groupResource(found, context.base), found, GROUP, status)
}

function shown({ asked, base }: ScimContext, resource: JsonObject, { id, version }: Pick<Entry, 'id' | 'version'>, schema: ResourceSchema, status: 200 | 201): Response {
  const projection: Projection = readProjection(asked)
  return scimJson(projected(resource, projection, schema), status, { etag: etag(version), ...(status === 201 && { location: `${base}/${schema.name}s/${id}` }) })
}

/** Who has this version already is told so (RFC 7644 §3.14). */
function unchanged(request: Request, version: number): Response | undefined {
  const header = request.headers.get('if-none-match')
  return header?.split(',').some((tag) => tag.trim() === etag(version)) ? new Response(null, { status: 304, headers: { etag: etag(version) } }) : undefined
}

function all(resources: readonly JsonObject[]): Response {
  return scimJson(listResponse(resources, resources.length, 1))
}

function oneOf(resources: readonly JsonObject[], id: string): Response {
  const found = resources.find((resource) => resource['id'] === id)
  if (!found) throw new Fault('not_found', `There is no ${id.slice(0, 100)} here.`)
  return scimJson(found)
}

function scimJson(body: JsonObject, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/scim+json', 'cache-control': 'no-store', ...headers } })
}

function notAllowed(method: string, allowed: readonly string[]): Response {
  const response = scimError(new Fault('method_not_allowed', `This takes ${allowed.join(', ')}, and not ${method.slice(0, 20)}.`))
  response.headers.set('allow', allowed.join(', '))
  return response
}

/** A fault in SCIM's words (RFC 7644 §3.12). */
function scimError(fault: Fault): Response {
  const scimType: Json | undefined = fault.code === 'invalid_json' ? 'invalidSyntax' : fault.options.metadata?.['scim_type']
  const body = { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(fault.status), ...(scimType !== undefined && { scimType }), detail: fault.message }
  return scimJson(body, fault.status, fault.status === 401 ? { 'www-authenticate': 'Bearer' } : {})
}
