import type { Provider } from '../../catalog/endpoint.ts'
import type { Route } from '../route.ts'

/** `GET /providers`: who serves the models of the catalogue. */
export const listProviders: Route = {
  method: 'GET', path: '/providers', auth: 'public',
  handle: ({ services }) => ({ data: [...services.snapshot().providers.values()].map(providerRow) }),
}

/** Field by field: the provider's credential, base URL and headers stay here. */
function providerRow(provider: Provider): object {
  return {
    name: provider.name,
    slug: provider.slug,
    privacy_policy_url: provider.privacyPolicyUrl ?? null,
    terms_of_service_url: provider.termsUrl ?? null,
    status_page_url: provider.statusPageUrl ?? null,
    headquarters: provider.headquarters !== undefined && /^[A-Z]{2}$/.test(provider.headquarters) ? provider.headquarters : null,
    datacenters: provider.datacenters?.filter((place) => place !== 'EU') ?? null,
  }
}
