import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { reachOf } from './addresses.ts'

/** All addresses that a host name has. */
export type Resolve = (hostname: string) => Promise<readonly string[]>

/** The system's resolver, `/etc/hosts` and all. */
export const systemResolve: Resolve = async (hostname) => (await lookup(hostname, { all: true, verbatim: true })).map(({ address }) => address)

/**
 * The addresses of a host that may be connected to: all that it has, or none. A name that has a public address and a private
 * one is a trap. The caller connects to one of these very addresses, so that a second look-up cannot say otherwise.
 */
export async function openAddresses(hostname: string, resolve: Resolve, privateAllowed: boolean): Promise<readonly string[]> {
  const bare = hostname.replace(/^\[|\]$/g, '')
  const found = isIP(bare) ? [bare] : await resolve(bare)
  const isOpen = found.every((address) => {
    const reach = reachOf(address)
    return reach === 'public' || (reach === 'private' && privateAllowed)
  })
  return isOpen ? found.toSorted((a, b) => isIP(a) - isIP(b)) : []
}
