import { asArray, asCount, asObject, asString, isObject, type JsonObject } from '../../core/json.ts'

/**
 * One of Cohere's citations as an annotation: of the web where its source has a URL (contract D4), else of a document. Cohere
 * counts characters of the text that begins at `textStart` of the answer; we count as JavaScript does.
 */
export function annotationOf(citation: JsonObject, text: string, textStart: number): JsonObject {
  const own = text.slice(textStart)
  const place = { start_index: textStart + unitsOf(own, asCount(citation['start']) ?? 0), end_index: textStart + unitsOf(own, asCount(citation['end']) ?? 0) }
  const source = (asArray(citation['sources']) ?? []).find(isObject) ?? {}
  const document = asObject(source['document']) ?? {}
  const title = asString(document['title']) ?? ''
  const content = asString(document['text']) ?? asString(document['snippet']) ?? ''
  const url = asString(document['url'])
  if (url !== undefined) return { type: 'url_citation', url_citation: { url, title, content, ...place } }
  return { type: 'file_annotation', file_annotation: { file_id: asString(source['id']) ?? '', title, quote: content, ...place } }
}

/** UTF-16 units of the first so many characters. */
function unitsOf(text: string, characters: number): number {
  if (!/[\ud800-\udfff]/.test(text)) return Math.min(characters, text.length)
  return [...text].slice(0, characters).join('').length
}
