import type { CallerCredential } from './caller-credential.ts'
import type { Endpoint, Snapshot } from './endpoint.ts'
import { EMPTY_OPERATOR_FILE, type OperatorProvider } from './operator-file.ts'
import { applyOverlay } from './overlay.ts'
import type { Environment } from './provider.ts'
import { catalogueRows, type ProviderRow } from './rows.ts'
import type { SnapshotOptions } from './snapshot.ts'

/**
 * The endpoints of one provider as they are with a caller's credential in place of the operator's: its places, its deployments and its
 * region are the credential's. What is the operator's own stays out: its credential, and what the environment has beside it.
 */
export function callerEndpoints(options: SnapshotOptions, slug: string, credential: CallerCredential, build: (options: SnapshotOptions) => Snapshot): readonly Endpoint[] {
  const built = options.rows ?? catalogueRows()
  const { models, providers } = options.overlay ? applyOverlay(built, options.overlay) : built
  const operator = options.operator ?? EMPTY_OPERATOR_FILE
  const row = providers.find((provider) => provider.slug === slug)
  const said = operator.providers.find((provider) => provider.slug === slug)
  if (!row && !said) return []
  const snapshot = build({
    version: options.version, env: addressesOf(row, options.env),
    operator: { ...operator, providers: [withCaller(said ?? { slug }, credential)] },
    rows: {
      providers: row ? [row] : [],
      models: models.filter(({ endpoints }) => endpoints.some(({ provider }) => provider === slug)).map((model) => ({ ...model, endpoints: model.endpoints.filter(({ provider }) => provider === slug) })),
    },
  })
  return [...snapshot.models.values()].flatMap(({ endpoints }) => endpoints.filter(({ provider }) => provider.slug === slug))
}

/** What the operator says of the provider, for the caller's account there. Headers, and how many calls at once it takes, are a matter of the operator's account where the address is not the operator's own. */
function withCaller(said: OperatorProvider, credential: CallerCredential): OperatorProvider {
  const { apiKey: _, withheld: _withheld, serviceAccount: _account, project: _project, location: _location, accessKeyId: _id, secretAccessKey: _secret, sessionToken: _token, region: _region, resource: _resource, apiVersion: _version, ...rest } = said
  if (said.baseUrl !== undefined) return { ...rest, ...credential }
  const { headers: _headers, concurrencyMax: _max, ...alone } = rest
  return { ...alone, ...credential }
}

/** Of the environment, what an address needs that the credential does not say. */
function addressesOf(row: ProviderRow | undefined, env: Environment): Environment {
  const urls = row ? [row.url, ...Object.values(row.others ?? {}).map(({ url }) => url)] : []
  const names = urls.flatMap((url) => [...url.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name)).filter((name) => name !== 'AWS_REGION' && name !== 'AZURE_RESOURCE_NAME')
  return Object.fromEntries(names.map((name) => [name, env[name]]))
}
