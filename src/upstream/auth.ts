import { Fault } from '../core/fault.ts'
import type { Provider } from '../catalog/endpoint.ts'

/** The headers that show a provider our credential. Throws Fault for schemes that need more than a header. */
export function authHeaders(provider: Provider): Readonly<Record<string, string>> {
  const { auth, credential } = provider
  if (auth === 'none' || credential === undefined) return {}
  switch (auth) {
    case 'bearer': return { authorization: `Bearer ${credential}` }
    case 'x-api-key': return { 'x-api-key': credential }
    case 'x-goog-api-key': return { 'x-goog-api-key': credential }
    case 'api-key': return { 'api-key': credential }
    case 'sigv4': case 'google-jwt':
      throw new Fault('provider_credential', `${provider.name} needs signed requests, which this version does not make`, { provider: provider.name })
  }
}

/** Base URL and path, where operators write the base with or without the version that the path begins with. */
export function joinUrl(baseUrl: string, path: string): string {
  const base = baseUrl.endsWith('/') ? baseUrl.slice(0, -1) : baseUrl
  const version = path.slice(0, path.indexOf('/', 1))
  return version.length > 1 && base.endsWith(version) ? base + path.slice(version.length) : base + path
}
