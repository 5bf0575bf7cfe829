import { Resolver } from 'node:dns/promises'

const WAIT_MS = 3_000
const TRIES = 2
/** A name that is not there, or has no record of this kind, is an answer. */
const NOTHING = new Set(['ENOTFOUND', 'ENODATA', 'NXDOMAIN'])

/** Asks the DNS for TXT records: these servers (`192.0.2.1`, `192.0.2.1:5353`), or those of the system. */
export class DnsTxt {
  constructor(private readonly servers: readonly string[] = [], private readonly waitMs = WAIT_MS) {}

  /** The texts of all records of a name, in no order; one of more than 255 bytes may come in its pieces. Throws where no server answers. */
  async txt(name: string): Promise<readonly string[]> {
    // One for each question: a resolver remembers what it was told, and who asks again has just changed it.
    const resolver = new Resolver({ timeout: this.waitMs, tries: TRIES })
    if (this.servers.length > 0) resolver.setServers(this.servers)
    try {
      return (await resolver.resolveTxt(name)).map((pieces) => pieces.join(''))
    } catch (error) {
      if (error instanceof Error && 'code' in error && NOTHING.has(String(error.code).replace(/^DNS_/, ''))) return []
      throw error
    }
  }
}
