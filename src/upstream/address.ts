import type { Endpoint } from '../catalog/endpoint.ts'

/** Where a call of this endpoint goes. `path` is the dialect's; it may have a query. */
export function urlOf(endpoint: Endpoint, path: string): string {
  const { baseUrl, callUrl, apiVersion, dialect } = endpoint.provider
  if (callUrl !== undefined) return callUrl
  // The version is of OpenAI's dialects at Azure; its Anthropic has none.
  if (apiVersion === undefined || dialect === 'anthropic-messages') return joinUrl(baseUrl, path)
  // A dated one belongs to the older addresses, most of which name the deployment; those of /v1 take a word for it.
  const isDated = /^\d{4}-\d\d-\d\d/.test(apiVersion)
  const base = isDated ? baseUrl.replace(/\/v1$/, '') : baseUrl
  const url = joinUrl(base, isDated && DEPLOYED.test(path) ? `/deployments/${encodeURIComponent(endpoint.upstreamId)}${path}` : path)
  return `${url}${url.includes('?') ? '&' : '?'}api-version=${encodeURIComponent(apiVersion)}`
}

/** Paths that are below a deployment; that of Responses is not. */
const DEPLOYED = /^\/(?:chat|completions|embeddings|images|audio)\b/

/** Base URL and path, where operators write the base with or without the version that the path begins with. */
export function joinUrl(baseUrl: string, path: string): string {
  const base = baseUrl.endsWith('/') ? baseUrl.slice(0, -1) : baseUrl
  const version = path.slice(0, path.indexOf('/', 1))
  return version.length > 1 && base.endsWith(version) ? base + path.slice(version.length) : base + path
}
