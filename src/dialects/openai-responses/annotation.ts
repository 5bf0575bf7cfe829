import { asString, isObject, type JsonObject } from '../../core/json.ts'

/** An annotation of this API in the chat shape: citations of the web are nested there, others go as they are. */
export function chatAnnotation(annotation: JsonObject): JsonObject {
  if (annotation['type'] !== 'url_citation') return annotation
  const { type, ...citation } = annotation
  return { type, url_citation: citation }
}

/** Kinds of annotations that this API has, beside citations of the web. */
const KNOWN = new Set(['file_citation', 'file_path', 'container_file_citation'])

/** An annotation of the chat shape in this API's; undefined for what it has no kind for. */
export function responsesAnnotation(annotation: JsonObject, textChars: number): JsonObject | undefined {
  const { type, url_citation: web, file_annotation: file } = annotation
  if (type === 'url_citation' && isObject(web)) {
    return { ...web, type, url: asString(web['url']) ?? '', title: asString(web['title']) ?? '', start_index: placeOf(web['start_index'], 0), end_index: placeOf(web['end_index'], textChars) }
  }
  if (type === 'url_citation') return annotation
  if (type === 'file_annotation' && isObject(file)) return { type: 'file_citation', file_id: asString(file['file_id']) ?? '', filename: asString(file['document_title']) ?? asString(file['filename']) ?? '', index: placeOf(file['start_index'], 0) }
  return typeof type === 'string' && KNOWN.has(type) ? annotation : undefined
}

function placeOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) ? value : otherwise
}
