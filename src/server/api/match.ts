import { Fault } from '../../core/fault.ts'
import type { Route } from '../route.ts'

/** What a path and a method lead to: a route · the methods that the path has instead · undefined: there is no such path. */
export type Match =
  | { readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly allow: readonly string[] }
  | undefined

/** One segment of all paths that begin alike. */
interface Node {
  readonly literals: Map<string, Node>
  /** What follows a `{name}`. */
  parameter: Node | undefined
  /** By method: the routes whose path ends here, each with its own names for the parameters. */
  readonly ends: Map<string, { readonly route: Route; readonly names: readonly string[] }>
}

/** Compiles the table once. A literal segment wins over a parameter; names in the path arrive decoded, 400 when they can't be. */
export function matchRoute(routes: readonly Route[]): (method: string, path: string) => Match {
  const root = newNode()
  for (const route of routes) add(root, route)
  return (method, path) => {
    const found: Found = { allow: new Set() }
    walk(root, path.split('/'), 1, [], method, found)
    if (found.end) return { route: found.end.route, params: named(found.end.names, found.end.values) }
    return found.allow.size > 0 ? { allow: [...found.allow] } : undefined
  }
}

interface Found {
  end?: { readonly route: Route; readonly names: readonly string[]; readonly values: readonly string[] }
  /** Methods of the ends that the path reaches and the method does not. */
  readonly allow: Set<string>
}

function newNode(): Node {
  return { literals: new Map(), parameter: undefined, ends: new Map() }
}

function add(root: Node, route: Route): void {
  const names: string[] = []
  let node = root
  for (const segment of route.path.split('/').slice(1)) {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1]
    if (name !== undefined) names.push(name)
    node = name === undefined ? literal(node, segment) : node.parameter ??= newNode()
  }
  if (node.ends.has(route.method)) throw new Error(`two routes are ${route.method} ${route.path}`)
  node.ends.set(route.method, { route, names })
}

function literal(node: Node, segment: string): Node {
  const known = node.literals.get(segment)
  if (known) return known
  const made = newNode()
  node.literals.set(segment, made)
  return made
}

/** True once `found.end` is set. Goes back where a literal leads nowhere: an author may be called `count`. */
function walk(node: Node, segments: readonly string[], at: number, values: readonly string[], method: string, found: Found): boolean {
  const segment = segments[at]
  if (segment === undefined) {
    const end = node.ends.get(method)
    if (end) found.end = { ...end, values }
    else for (const other of node.ends.keys()) found.allow.add(other)
    return end !== undefined
  }
  const exact = node.literals.get(segment)
  if (exact && walk(exact, segments, at + 1, values, method, found)) return true
  return segment !== '' && node.parameter !== undefined && walk(node.parameter, segments, at + 1, [...values, segment], method, found)
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, decode(values[at] ?? '')]))
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    // The only thing it throws is URIError, which says no more than this.
    throw new Fault('invalid_request', `The path has a broken percent-encoding in \`${segment.slice(0, 100)}\`: each % must start two hex digits, together UTF-8.`)
  }
}
