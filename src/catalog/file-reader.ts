import type { Needs } from '../core/call.ts'
import type { Endpoint } from './endpoint.ts'

/** Who reads a call's files: the model itself; this server, so that the model is told text and pictures; or nobody. */
export type FileReader = 'model' | 'server' | 'nobody'

/** Who reads the files of a call with these needs at this endpoint. A model that reads PDFs is left to it, unless the client names an engine (contract B54). */
export function fileReader({ inputs: needed, pdfs }: Pick<Needs, 'inputs' | 'pdfs'>, { inputs }: Pick<Endpoint, 'inputs'>): FileReader {
  if (pdfs?.engine !== undefined) return 'server'
  if (!needed.includes('file') || inputs === null || inputs.has('file')) return 'model'
  return pdfs ? 'server' : 'nobody'
}
