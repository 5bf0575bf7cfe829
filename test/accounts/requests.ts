import { routes } from '../../src/server/api/routes.ts'
import type { Route } from '../../src/server/route.ts'
import { BODIES, COLLECTIONS, OTHERS, QUERIES, type For } from './operations.ts'

/** The operations of the control plane that a management key asks. */
export const managed: readonly Route[] = routes.filter(({ auth }) => auth === 'management')

export function nameOf({ method, path }: Pick<Route, 'method' | 'path'>): string {
  return `${method} ${path}`
}

/** A request of an operation, to a thing that was made for it. */
export interface Request { readonly path: string; readonly body: unknown; readonly id: string | undefined }

/** Makes what the operation asks for, and the request. Throws what is missing in operations.ts. */
export async function requestOf(route: Pick<Route, 'method' | 'path'>, whom: For): Promise<Request> {
  const collection = collectionOf(route.path)
  const id = collection === undefined ? undefined : await (COLLECTIONS[collection] ?? missing(`COLLECTIONS has no '${collection}'`))(whom)
  const body = BODIES[nameOf(route)]
  if (!body && route.method !== 'GET' && route.method !== 'DELETE') missing(`BODIES has no '${nameOf(route)}'`)
  return { path: pathOf(route, id ?? ''), body: await body?.(whom, id ?? ''), id }
}

/** The path with an id in the place of its first parameter. */
export function pathOf(route: Pick<Route, 'method' | 'path'>, id: string): string {
  let isFirst = true
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = isFirst ? encodeURIComponent(id) : OTHERS[name] ?? missing(`OTHERS has no '${name}', for ${nameOf(route)}`)
    isFirst = false
    return value
  })
  return path + (QUERIES[nameOf(route)] ?? '')
}

/** Whose thing the path names: what stands before its first parameter. */
export function collectionOf(path: string): string | undefined {
  return /^(.+?)\/\{/.exec(path)?.[1]
}

function missing(what: string): never {
  throw new Error(`${what}: add it to test/accounts/operations.ts`)
}
