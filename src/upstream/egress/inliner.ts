import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import type { Egress, Fetched } from './egress.ts'
import { linkKey, linksOf, withContents, type Link } from './links.ts'
import { Slots } from './slots.ts'

/** What one call may have fetched for it. */
const LINKS_MAX = 32
const CALL_BYTES_MAX = 48 << 20
const AT_ONCE_MAX = 4

/**
 * Fetches what a call links to, for providers that do not fetch it themselves, and says it as data. What was fetched is kept
 * as long as the call is, so that the next provider of its plan does not have it fetched again.
 */
export class Inliner {
  private readonly fetched = new WeakMap<Call, Map<string, Fetched>>()

  constructor(private readonly egress: Pick<Egress, 'fetch'>) {}

  /** The call for a provider that does not fetch the links for which `isNeeded`. The call itself when it has none of them. */
  async inline(call: Call, isNeeded: (url: string) => boolean, signal: AbortSignal): Promise<Call> {
    const links = new Map(linksOf(call).filter(({ url }) => isNeeded(url)).map((link) => [linkKey(link), link]))
    if (links.size === 0) return call
    if (links.size > LINKS_MAX) throw new Fault('invalid_request', `messages: have ${links.size} URLs of pictures and files; at most ${LINKS_MAX} are fetched for a provider that does not fetch them itself`, { retry: 'next', metadata: { field: 'messages' } })
    const known = this.fetched.get(call) ?? new Map<string, Fetched>()
    this.fetched.set(call, known)
    await this.fetchAll([...links.values()].filter((link) => !known.has(linkKey(link))), known, signal)
    return withContents(call, new Map([...known].filter(([key]) => links.has(key))))
  }

  /** The first that fails ends the others. */
  private async fetchAll(links: readonly Link[], known: Map<string, Fetched>, client: AbortSignal): Promise<void> {
    const ended = new AbortController()
    const signal = AbortSignal.any([client, ended.signal])
    const slots = new Slots(AT_ONCE_MAX)
    let bytes = 0
    for (const { bytes: already } of known.values()) bytes += already.length
    try {
      await Promise.all(links.map(async (link) => {
        const found = await slots.use(signal, async () => await this.egress.fetch(link.url, { ...link, signal }))
        bytes += found.bytes.length
        if (bytes > CALL_BYTES_MAX) throw new Fault('payload_too_large', `messages: link to more than ${CALL_BYTES_MAX} bytes in all`, { retry: 'next', metadata: { field: 'messages' } })
        known.set(linkKey(link), found)
      }))
    } finally {
      ended.abort()
    }
  }
}
