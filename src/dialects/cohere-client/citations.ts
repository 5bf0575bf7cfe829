import { asCount, asObject, asString, type JsonObject } from '../../core/json.ts'

/** A citation of a web page (contract D4) as Cohere cites a document; undefined for an annotation of another kind. */
export function citationOf(annotation: JsonObject, text: string): JsonObject | undefined {
  const citation = asObject(annotation['url_citation'])
  const url = asString(citation?.['url'])
  if (!citation || url === undefined) return undefined
  const start = asCount(citation['start_index']) ?? 0
  const end = asCount(citation['end_index']) ?? 0
  const document = { id: url, url, title: asString(citation['title']) ?? '', ...(asString(citation['content']) === undefined ? {} : { text: citation['content'] }) }
  return { start, end, text: text.slice(start, end), sources: [{ type: 'document', id: url, document }], type: 'TEXT_CONTENT' }
}
