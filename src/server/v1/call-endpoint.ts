import type { Call, CallHeaders } from '../../core/call.ts'
import type { JsonObject } from '../../core/json.ts'
import { readTagsHeader } from '../../core/tags.ts'
import type { CallOrigin, ClientDialect } from '../../dialects/dialect.ts'
import { hostRegion } from '../../guardrails/rule-book.ts'
import type { ShownKey } from '../authenticate.ts'
import type { RouteContext } from '../route.ts'

/** A public endpoint that makes a call of a model: where it is, what it speaks. One file each, named as its path. */
export interface CallEndpoint {
  /** What stands for the parts of the path that vary; undefined when the request is not its own. The whole path, prefix and all. */
  readonly match: (path: string, request: Request) => Readonly<Record<string, string>> | undefined
  /** Where clients of this dialect show their key, if elsewhere than all others. */
  readonly key?: (request: Request) => ShownKey
  readonly dialect: ClientDialect
  /** Its body names a text model, and without one gets the default model of the caller's workspace (contract B1). */
  readonly takesDefaultModel?: true
  /** The call that a body asks for. Throws Fault naming the field. */
  readonly read: (body: JsonObject, origin: CallOrigin, params: Readonly<Record<string, string>>) => Call
  /** The JSON body of a 200 to a request that asks no model for anything; undefined for every other. Throws Fault. */
  readonly withoutCall?: (body: JsonObject, services: RouteContext['services']) => object | undefined
}

/**
 * A path that clients of a dialect ask beside their calls: a list of models, a count of tokens. It answers in their
 * words, errors too.
 */
export interface SideEndpoint extends Pick<CallEndpoint, 'match' | 'key'> {
  readonly method: 'GET' | 'POST'
  readonly auth: 'public' | 'key'
  readonly dialect: Pick<ClientDialect, 'faultBody'>
  /** The JSON body of a 200, or a whole response. Throws Fault. */
  readonly handle: (context: RouteContext) => Promise<object> | object
}

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({})

/** Matches paths that have nothing that varies. */
export function exactly(...paths: readonly string[]): (path: string) => Readonly<Record<string, string>> | undefined {
  const known = new Set(paths)
  return (path) => (known.has(path) ? NO_PARAMS : undefined)
}

/** What a request's headers say beside its body (contract B38, B71, B73, J9). */
export function callHeaders(headers: Headers): CallHeaders {
  const region = hostRegion(headers.get('host'))
  const tags = headers.get('x-switchyard-tags')
  const customer = headers.get('x-switchyard-customer')?.trim()
  return {
    ...(region && { region }),
    ...(customer && { customer }),
    ...(tags !== null && { tags: readTagsHeader(tags) }),
    referer: headers.get('http-referer') ?? headers.get('referer') ?? undefined,
    title: headers.get('x-openrouter-title') ?? headers.get('x-title') ?? undefined,
    categories: headers.get('x-openrouter-categories') ?? undefined,
    userAgent: headers.get('user-agent') ?? undefined,
    sessionId: headers.get('x-session-id') ?? undefined,
    anthropicBeta: headers.get('x-anthropic-beta') ?? headers.get('anthropic-beta') ?? undefined,
    anthropicVersion: headers.get('anthropic-version') ?? undefined,
    metadata: (headers.get('x-openrouter-metadata') ?? headers.get('x-openrouter-experimental-metadata'))?.toLowerCase() === 'enabled',
  }
}
