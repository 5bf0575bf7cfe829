import type { PdfEngine } from '../../core/call.ts'
import { asObject, isObject, type Json } from '../../core/json.ts'
import { refuse } from './check.ts'

/** The plugin that reads files for models that do not (contract D8). */
export const FILE_PARSER = 'file-parser'

/** The contract's names of engines, and what they mean here: its own two are both what reads PDFs on this machine. */
const ENGINES: ReadonlyMap<string, PdfEngine | 'native'> = new Map([['native', 'native'], ['cloudflare-ai', 'local'], ['pdf-text', 'local'], ['mistral-ocr', 'mistral-ocr']])

/** The engine that the `file-parser` plugin asks for; `native` also where it is turned off, for then only models that read files are left. */
export function readFileParser(plugins: Json | undefined): PdfEngine | 'native' | undefined {
  if (!Array.isArray(plugins)) return undefined
  const at = plugins.findIndex((plugin: Json) => isObject(plugin) && plugin['id'] === FILE_PARSER)
  const plugin = asObject(plugins[at])
  if (!plugin) return undefined
  const { enabled, pdf } = plugin
  if (enabled !== undefined && enabled !== null && typeof enabled !== 'boolean') refuse(`plugins[${at}].enabled`, 'true or false', enabled)
  if (pdf !== undefined && pdf !== null && !isObject(pdf)) refuse(`plugins[${at}].pdf`, 'an object with an engine', pdf)
  const engine = asObject(pdf)?.['engine']
  if (engine === undefined || engine === null) return enabled === false ? 'native' : undefined
  const found = typeof engine === 'string' ? ENGINES.get(engine) : undefined
  if (found === undefined) refuse(`plugins[${at}].pdf.engine`, `one of ${[...ENGINES.keys()].map((name) => `"${name}"`).join(', ')}`, engine)
  return enabled === false ? 'native' : found
}
