import type { OperatorOcr } from './operator-file.ts'
import { readUrl } from './operator-dialects.ts'
import { byKey, said, type Place, type YamlReader } from './yaml-reader.ts'

const MISTRAL = { baseUrl: 'https://api.mistral.ai/v1', model: 'mistral-ocr-latest' }

/** `pdf: { ocr: … }`. The engine is Mistral's own where nothing else is said of where it is; that one needs a key. */
export function readOcr(reader: YamlReader, place: Place): OperatorOcr | undefined {
  const { ocr } = byKey(reader.map(place, ['ocr']))
  if (!ocr) return undefined
  const at = byKey(reader.map(ocr, ['base_url', 'api_key', 'model']))
  const own = said({ baseUrl: at.base_url && readUrl(reader, at.base_url), model: at.model && reader.string(at.model), apiKey: at.api_key && reader.string(at.api_key) })
  if (!at.base_url && !at.api_key) return reader.wrong(ocr, "needs an api_key of Mistral's, or the base_url of another engine that speaks its protocol")
  return { ...MISTRAL, ...own }
}
