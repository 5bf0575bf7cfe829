import type { Part } from '../../core/call.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { refuse } from '../openai-chat/check.ts'

/** Content of a user's message or a tool's output in the chat shape. Throws Fault naming the part. */
export function readContent(content: unknown, field: string): string | Part[] {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) refuse(field, 'a string or an array of parts', content)
  return content.map((part: unknown, at) => readPart(part, `${field}[${at}]`))
}

function readPart(part: unknown, field: string): Part {
  if (!isObject(part)) refuse(field, 'an object with a type', part)
  switch (part['type']) {
    case 'input_text': case 'output_text': case 'text': case 'summary_text': case 'reasoning_text':
      return { ...marks(part), type: 'text', text: textOf(part, 'text', field) }
    case 'refusal':
      return { type: 'text', text: textOf(part, 'refusal', field) }
    case 'input_image': return readImage(part, field)
    case 'input_file': return readFile(part, field)
    case 'input_audio': return { ...marks(part), type: 'input_audio', input_audio: readAudio(part, field) }
    case 'input_video': return { ...marks(part), type: 'video_url', video_url: { url: textOf(part, 'video_url', field) } }
    default:
      return refuse(`${field}.type`, 'one of "input_text", "input_image", "input_file", "input_audio", "input_video", "output_text", "refusal"', part['type'])
  }
}

/** Cache marks go with any part (contract B74, B77). */
function marks(part: JsonObject): JsonObject {
  const { cache_control: control, prompt_cache_breakpoint: breakpoint } = part
  return { ...(control === undefined ? {} : { cache_control: control }), ...(breakpoint === undefined ? {} : { prompt_cache_breakpoint: breakpoint }) }
}

function textOf(part: JsonObject, name: string, field: string): string {
  const value = part[name]
  return typeof value === 'string' ? value : refuse(`${field}.${name}`, 'a string', value)
}

function readImage(part: JsonObject, field: string): Part {
  const { image_url: sent, file_id: id, detail } = part
  // Clients of chat completions write the object out of habit.
  const url = isObject(sent) ? sent['url'] : sent
  if (typeof url === 'string' && /^(https?|data|gs):/i.test(url)) return { ...marks(part), type: 'image_url', image_url: { url, ...(typeof detail === 'string' ? { detail } : {}) } }
  if (typeof url !== 'string' && typeof id === 'string') return { type: 'file', file: { file_id: id } }
  return refuse(`${field}.image_url`, 'an http(s) URL or a data URL', url)
}

function readFile(part: JsonObject, field: string): Part {
  const { file_data: data, file_url: url, file_id: id, filename: name } = part
  const named: JsonObject = typeof name === 'string' ? { filename: name } : {}
  const said = data ?? url
  if (typeof said === 'string') return { ...marks(part), type: 'file', file: { ...named, file_data: said } }
  if (typeof id === 'string') return { type: 'file', file: { ...named, file_id: id } }
  return refuse(`${field}.file_data`, 'a data URL, or file_url a URL', said)
}

function readAudio(part: JsonObject, field: string): JsonObject {
  const audio = part['input_audio']
  if (!isObject(audio) || typeof audio['data'] !== 'string') refuse(`${field}.input_audio.data`, 'base64', isObject(audio) ? audio['data'] : audio)
  if (typeof audio['format'] !== 'string') refuse(`${field}.input_audio.format`, 'a format such as "wav" or "mp3"', audio['format'])
  return audio
}
