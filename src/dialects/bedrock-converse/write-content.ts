import type { Part } from '../../core/call.ts'
import { asString, isObject, type Json } from '../../core/json.ts'
import type { Notes } from '../anthropic-messages/wire.ts'
import { cacheMark } from '../anthropic-messages/write-parts.ts'
import { mediaBlock } from './media.ts'
import type { Block } from './wire.ts'

/** Parts that hold an answer's reasoning: it goes back by `reasoning_details`. */
const REASONING = new Set(['thinking', 'redacted_thinking', 'reasoning'])

/** The content of a message as blocks, each with the cache point that follows it. Blank text is left out: Converse refuses it. */
export function writeContent(content: string | readonly Part[] | null | undefined, place: string, caches: boolean, notes: Notes): Block[] {
  if (content === null || content === undefined) return []
  if (typeof content === 'string') return textBlocks(content)
  const blocks: Block[] = []
  for (const [index, part] of content.entries()) {
    if (!isObject(part)) continue
    const written = writePart(part, `${place}[${index}]`, notes)
    blocks.push(...written)
    // The mark of a part that was left out stands behind the one before it.
    if (blocks.length > 0 && !blocks.at(-1)?.['cachePoint']) blocks.push(...cachePoint(part, caches, notes))
  }
  return blocks
}

/** What stands behind a marked part, message or tool: the end of what is cached (contract B74). */
export function cachePoint(source: unknown, caches: boolean, notes: Notes): Block[] {
  const mark = cacheMark(source, notes)
  if (!mark) return []
  if (caches) return [{ cachePoint: { type: 'default', ...(mark['ttl'] === '1h' ? { ttl: '1h' } : {}) } }]
  notes.warn('cache_control', 'this model takes no cache marks here')
  return []
}

function writePart(part: Part, place: string, notes: Notes): Block[] {
  switch (part.type) {
    case 'text': case 'input_text': case 'output_text': return textBlocks(part['text'])
    // An assistant's refusal is what it said.
    case 'refusal': return textBlocks(part['refusal'])
    default: {
      const media = mediaBlock(part, place)
      if (media) {
        const image = part['image_url']
        if (isObject(image) && (image['detail'] ?? 'auto') !== 'auto') notes.warn('image_url.detail', 'this provider looks at all images alike')
        return [media]
      }
      if (!REASONING.has(part.type)) notes.warn(place, `content of type ${JSON.stringify(part.type)} is unknown to this provider and was left out`)
      return []
    }
  }
}

function textBlocks(text: Json | undefined): Block[] {
  const said = asString(text) ?? ''
  return said.trim() === '' ? [] : [{ text: said }]
}
