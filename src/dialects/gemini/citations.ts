import { asArray, asCount, asObject, asString, isObject, type Json, type JsonObject } from '../../core/json.ts'

/**
 * What grounding says, as url_citation annotations (contract D4). Gemini counts bytes of UTF-8, clients count in
 * UTF-16 units, as a JavaScript string does. The same metadata may come again with each chunk: each citation is said
 * once.
 */
export function citationsOf(text: string, groundings: readonly JsonObject[]): JsonObject[] {
  const offsets = new Offsets(text)
  const citations = new Map<string, JsonObject>()
  for (const grounding of groundings) {
    const chunks = asArray(grounding['groundingChunks']) ?? []
    const supports = asArray(grounding['groundingSupports']) ?? []
    for (const support of supports) {
      if (isObject(support)) cite(citations, chunks, support, offsets)
    }
    // Images in the answer are grounded as a whole: their sources are named, and point at no words.
    if (supports.length === 0) for (const chunk of chunks) add(citations, chunk, 0, 0)
  }
  return [...citations.values()]
}

function cite(citations: Map<string, JsonObject>, chunks: readonly Json[], support: JsonObject, offsets: Offsets): void {
  const segment = asObject(support['segment']) ?? {}
  const [start, end] = offsets.range(segment)
  for (const index of asArray(support['groundingChunkIndices']) ?? []) {
    if (typeof index === 'number') add(citations, chunks[index], start, end)
  }
}

function add(citations: Map<string, JsonObject>, chunk: Json | undefined, start: number, end: number): void {
  if (!isObject(chunk)) return
  const source = asObject(chunk['web']) ?? asObject(chunk['retrievedContext']) ?? asObject(chunk['maps']) ?? {}
  const url = asString(source['uri'])
  if (url === undefined) return
  const content = asString(source['text'])
  const citation: JsonObject = { url, title: asString(source['title']) ?? '', start_index: start, end_index: end }
  if (content !== undefined) citation['content'] = content
  citations.set(`${start} ${end} ${url}`, { type: 'url_citation', url_citation: citation })
}

/** Where bytes of UTF-8 stand in a string. */
class Offsets {
  private table: Uint32Array | undefined
  private readonly isAscii: boolean

  constructor(private readonly text: string) {
    this.isAscii = Buffer.byteLength(text) === text.length
  }

  /** Start and end of a segment. Its own text has the last word, for its offsets are within a part, which we do not keep. */
  range(segment: JsonObject): readonly [number, number] {
    const start = this.at(asCount(segment['startIndex']) ?? 0)
    const end = Math.max(start, this.at(asCount(segment['endIndex']) ?? 0))
    const said = asString(segment['text'])
    if (said === undefined || said === '' || this.text.startsWith(said, start)) return [start, end]
    const found = this.text.indexOf(said)
    return found === -1 ? [start, end] : [found, found + said.length]
  }

  private at(byte: number): number {
    if (this.isAscii) return Math.min(Math.trunc(byte), this.text.length)
    this.table ??= tableOf(this.text)
    return this.table[Math.min(Math.trunc(byte), this.table.length - 1)] ?? 0
  }
}

/** For each byte of the text, and for its end, the index of the character that it is in. */
function tableOf(text: string): Uint32Array {
  const table = new Uint32Array(Buffer.byteLength(text) + 1)
  let byte = 0
  let index = 0
  for (const char of text) {
    const bytes = Buffer.byteLength(char)
    table.fill(index, byte, byte + bytes)
    byte += bytes
    index += char.length
  }
  table[byte] = index
  return table
}
