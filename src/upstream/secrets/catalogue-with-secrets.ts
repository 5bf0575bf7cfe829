import { Catalogue, type CatalogueOptions } from '../../catalog/catalogue.ts'
import { referencesOf } from '../../catalog/operator-secrets.ts'
import type { Provider } from '../../catalog/endpoint.ts'
import { KeptSecrets, type KeptSecretsOptions } from './kept-secrets.ts'

export interface CatalogueWithSecrets {
  readonly catalogue: Catalogue
  readonly secrets: KeptSecrets
  /** A provider refused the operator's credential: where it is kept elsewhere it is read again. */
  readonly onRefused: (provider: Provider) => void
  /** Ends when all that the operator's file names has been read, or could not be. */
  readonly ready: Promise<void>
}

/** The catalogue, with those secrets of the operator's file that are kept elsewhere; made anew whenever one of them changes. Throws OperatorFileWrong. */
export function openCatalogueWithSecrets(options: Omit<CatalogueOptions, 'secrets'>, { clock, onTrouble }: Pick<KeptSecretsOptions, 'clock' | 'onTrouble'>): CatalogueWithSecrets {
  const built: { catalogue?: Catalogue } = {}
  const secrets = new KeptSecrets({ settings: () => built.catalogue?.operatorFile().secrets, env: options.env, clock, onTrouble })
  const catalogue = madeOr(() => secrets.close(), () => new Catalogue({ ...options, secrets: (reference) => secrets.known(reference) }))
  // Reading begins a moment later: by then the settings are there.
  built.catalogue = catalogue
  const named = (slug?: string) => catalogue.operatorFile().providers.filter((provider) => slug === undefined || provider.slug === slug).flatMap(referencesOf)
  secrets.onChange((reference) => { if (named().includes(reference)) catalogue.refresh() })
  return {
    catalogue, secrets,
    onRefused: ({ slug }) => { for (const reference of named(slug)) secrets.renew(reference) },
    ready: Promise.all(named().map((reference) => secrets.value(reference))).then(() => undefined),
  }
}

/** What is made; where that throws, what was begun for it is ended first. */
function madeOr<T>(end: () => void, make: () => T): T {
  try {
    return make()
  } catch (error) {
    end()
    throw error
  }
}
