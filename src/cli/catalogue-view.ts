import { join } from 'node:path'
import type { Snapshot } from '../catalog/endpoint.ts'
import type { Config } from '../config.ts'
import { systemClock } from '../lib/clock.ts'
import { discover } from '../upstream/discover.ts'
import { openCatalogueWithSecrets } from '../upstream/secrets/catalogue-with-secrets.ts'

/** Where `switchyard models sync` keeps what it took over from the feed. */
export function overlayPath(config: Config): string {
  return join(config.dataDir, 'catalogue', 'models.json')
}

/** The catalogue as the server would see it now: the operator's file, what was synced, and the servers on this machine. Throws OperatorFileWrong. */
export async function openCatalogue(config: Config): Promise<Snapshot> {
  const found = config.discover ? discover({ except: [config.port] }) : []
  const { catalogue, secrets, ready } = openCatalogueWithSecrets({ env: config.env, overlayPath: overlayPath(config), ...(config.configPath !== undefined && { operatorPath: config.configPath }) }, { clock: systemClock, onTrouble: () => undefined })
  // What cannot be read is said of the provider.
  await ready
  secrets.close()
  catalogue.setDiscovered(await found)
  return catalogue.snapshot()
}
