import type { DialectName, Needs } from '../core/call.ts'
import type { Endpoint, Provider } from './endpoint.ts'

/** Who reads a call's files: the model itself; this server, so that the model is told text and pictures; or nobody. */
export type FileReader = 'model' | 'server' | 'nobody'

/** Dialects that have no words for a PDF: what is not known of a model of theirs, this much is. */
const WITHOUT_PDFS: ReadonlySet<DialectName> = new Set(['cohere'])

/** Who reads the files of a call with these needs at this endpoint. A model that reads PDFs is left to it, unless the client names an engine (contract B54). */
export function fileReader({ inputs: needed, pdfs }: Pick<Needs, 'inputs' | 'pdfs'>, { inputs, provider }: Pick<Endpoint, 'inputs'> & { readonly provider: Pick<Provider, 'dialect'> }): FileReader {
  if (pdfs?.engine !== undefined) return 'server'
  if (pdfs && inputs === null && WITHOUT_PDFS.has(provider.dialect)) return 'server'
  if (!needed.includes('file') || inputs === null || inputs.has('file')) return 'model'
  return pdfs ? 'server' : 'nobody'
}
