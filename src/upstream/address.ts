import type { Endpoint } from '../catalog/endpoint.ts'

/** Where a call of this endpoint goes. `path` is the dialect's; it may have a query. */
export function urlOf(endpoint: Endpoint, path: string): string {
  const { baseUrl, callUrl, apiVersion } = endpoint.provider
  if (callUrl !== undefined) return callUrl
  if (apiVersion === undefined) return joinUrl(baseUrl, path)
  // Addresses with a dated version are Azure's older ones, which name the deployment; those of /v1 take one as an option.
  const isDated = /^\d{4}-\d\d-\d\d/.test(apiVersion) && path.startsWith('/chat/')
  const base = isDated ? baseUrl.replace(/\/v1$/, '') : baseUrl
  const url = joinUrl(base, isDated ? `/deployments/${encodeURIComponent(endpoint.upstreamId)}${path}` : path)
  return `${url}${url.includes('?') ? '&' : '?'}api-version=${encodeURIComponent(apiVersion)}`
}

/** Base URL and path, where operators write the base with or without the version that the path begins with. */
export function joinUrl(baseUrl: string, path: string): string {
  const base = baseUrl.endsWith('/') ? baseUrl.slice(0, -1) : baseUrl
  const version = path.slice(0, path.indexOf('/', 1))
  return version.length > 1 && base.endsWith(version) ? base + path.slice(version.length) : base + path
}
