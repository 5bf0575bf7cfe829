import type { Call, Warning } from '../../src/core/call.ts'
import { Fault } from '../../src/core/fault.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { linkKey, linksOf, withContents } from '../../src/upstream/egress/links.ts'
import { FILES } from './asks-openai.ts'
import type { Client, Provider } from './columns.ts'
import { ASKED, type AskName } from './features.ts'

/** What became of one thing at one place of the matrix. */
export type Cell =
  | { readonly kind: 'carried' | 'mapped' | 'unsayable' }
  /** The gateway fetched what was linked, and said it as data. */
  | { readonly kind: 'fetched' }
  /** `isSaid`: it went out all the same, with something of it changed or left out. */
  | { readonly kind: 'warned'; readonly fields: readonly string[]; readonly isSaid: boolean }
  | { readonly kind: 'refused'; readonly field: string }
  /** Asked or answered, not passed on, and nobody was told: a defect. */
  | { readonly kind: 'lost' }

interface Sent { readonly body: string; readonly warnings: readonly Warning[]; readonly isCarried: boolean; readonly isFetched: boolean }

/** Asks a provider through a client's dialect, and looks at what would go out. */
export function measureAsk(client: Client, provider: Provider, name: AskName): Cell {
  const ask = client.asks[name]
  if (!ask) return { kind: 'unsayable' }
  try {
    const sent = send(client, provider, ask.fields)
    const plain = send(client, provider, ask.without ?? {})
    const known = new Set(plain.warnings.map(({ field, why }) => `${field} ${why}`))
    const fields = [...new Set(sent.warnings.filter(({ field, why }) => !known.has(`${field} ${why}`)).map(({ field }) => field))]
    const isSaid = holds(sent.body, plain.body, sent.isFetched ? [name === 'PDF, URL' ? FILES.document : FILES.picture] : ASKED[name])
    if (fields.length > 0) return { kind: 'warned', fields, isSaid }
    if (!isSaid) return { kind: 'lost' }
    if (sent.isFetched) return { kind: 'fetched' }
    return { kind: sent.isCarried ? 'carried' : 'mapped' }
  } catch (error) {
    if (error instanceof Fault) return { kind: 'refused', field: fieldOf(error) }
    throw error
  }
}

/** What goes out of a request, and what the client is told beside it: as `upstream` puts the two together. */
function send(client: Client, provider: Provider, fields: JsonObject): Sent {
  const asked = client.read({ ...client.plain, ...fields }, false)
  const call = withFetched(asked, provider)
  const wire = provider.dialect.writeCall(call, provider.endpoint)
  const isSame = call.dialect === provider.endpoint.provider.dialect
  const isCarried = wire.isNative === true || isSame
  const isUnsaidHeard = !call.unsaid || wire.isNative === true || (call.native !== undefined && isSame)
  return { body: wire.body, warnings: isUnsaidHeard ? wire.warnings : [...(call.unsaid ?? []), ...wire.warnings], isCarried, isFetched: call !== asked }
}

/** As `upstream` does: a provider that follows no links is told what they lead to, which here is always the same picture, or the same document. */
function withFetched(call: Call, { dialect, endpoint }: Provider): Call {
  const links = linksOf(call).filter(({ url }) => dialect.fetchesNot?.(url, endpoint, call))
  const picture = { bytes: Buffer.from(FILES.picture, 'base64'), mediaType: 'image/png' }
  const document = { bytes: Buffer.from(FILES.document, 'base64'), mediaType: 'application/pdf' }
  return links.length === 0 ? call : withContents(call, new Map(links.map((link) => [linkKey(link), link.url === FILES.documentUrl ? document : picture])))
}

function holds(body: string, plain: string, marks: readonly string[]): boolean {
  return marks.length > 0 ? marks.every((mark) => body.includes(mark)) : body !== plain
}

function fieldOf(fault: Fault): string {
  const field = fault.options.metadata?.['field']
  return typeof field === 'string' ? field : (/^([\w.[\]]+):/.exec(fault.message)?.[1] ?? fault.code)
}
