import type { Call, Message, Part } from '../../core/call.ts'
import { asObject, asString } from '../../core/json.ts'

/** Vertex fetches videos from any address, AI Studio does not (B59): as files they go through Gemini's writer as they are. */
export function withVideoFiles(call: Call): Call {
  if (!call.needs.inputs.includes('video')) return call
  return { ...call, body: { ...call.body, messages: call.body.messages.map(withFiles) } }
}

function withFiles(message: Message): Message {
  if (typeof message.content === 'string' || !message.content?.some((part) => part.type === 'video_url')) return message
  return { ...message, content: message.content.map((part) => asFile(part)) }
}

function asFile(part: Part): Part {
  const url = part.type === 'video_url' ? (asString(part['video_url']) ?? asString(asObject(part['video_url'])?.['url'])) : undefined
  // Gemini knows the type of YouTube's by itself, and those of data URLs are said in them.
  if (url === undefined || !/^https?:\/\//i.test(url) || /^https?:\/\/(?:\w+\.)?(?:youtube\.com|youtu\.be)\//i.test(url)) return part
  return { type: 'file', file: { filename: 'video.mp4', file_data: url } }
}
