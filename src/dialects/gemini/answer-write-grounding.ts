import { asCount, asObject, asString, type JsonObject } from '../../core/json.ts'

/** Citations of an answer (contract D4) as Gemini's grounding. Google counts bytes of UTF-8, the chat shape UTF-16 units. */
export function groundingOf(annotations: readonly JsonObject[], text: string): JsonObject {
  const chunks: JsonObject[] = []
  const supports: JsonObject[] = []
  const places = new Map<string, number>()
  for (const annotation of annotations) {
    const citation = asObject(annotation['url_citation']) ?? annotation
    const uri = asString(citation['url'])
    if (uri === undefined) continue
    const place = places.get(uri) ?? chunks.length
    if (place === chunks.length) chunks.push({ web: { uri, title: asString(citation['title']) ?? '' } })
    places.set(uri, place)
    const start = asCount(citation['start_index']) ?? 0
    const end = asCount(citation['end_index']) ?? 0
    if (end > start) supports.push({ segment: segmentOf(text, start, end), groundingChunkIndices: [place] })
  }
  return { groundingChunks: chunks, ...(supports.length > 0 ? { groundingSupports: supports } : {}) }
}

function segmentOf(text: string, start: number, end: number): JsonObject {
  const said = text.slice(start, end)
  const startIndex = Buffer.byteLength(text.slice(0, start))
  return { startIndex, endIndex: startIndex + Buffer.byteLength(said), text: said }
}
