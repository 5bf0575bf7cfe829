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
  // It is asked for nothing before the catalogue is there: reading begins a moment later.
  const secrets: KeptSecrets = new KeptSecrets({ settings: () => catalogue.operatorFile().secrets, env: options.env, clock, onTrouble })
  const catalogue: Catalogue = new Catalogue({ ...options, secrets: (reference) => secrets.known(reference) })
  const named = (slug?: string) => catalogue.operatorFile().providers.filter((provider) => slug === undefined || provider.slug === slug).flatMap(referencesOf)
  secrets.onChange((reference) => { if (named().includes(reference)) catalogue.refresh() })
  return {
    catalogue, secrets,
    onRefused: ({ slug }) => { for (const reference of named(slug)) secrets.renew(reference) },
    ready: Promise.all(named().map((reference) => secrets.value(reference))).then(() => undefined),
  }
}
