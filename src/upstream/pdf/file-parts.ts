import type { Call, ChatBody, Message, Part } from '../../core/call.ts'
import { isObject, type JsonObject } from '../../core/json.ts'
import { fileAnnotation, pdfSourceOf, type PdfSource } from '../../core/pdf.ts'

/** A PDF where it stands in a call's messages. */
export interface PlacedPdf extends PdfSource {
  /** `messages[0].content[1].file.file_data`, for faults. */
  readonly place: string
}

/** Every PDF in a call's messages, in their order. */
export function pdfsIn(body: ChatBody): PlacedPdf[] {
  return body.messages.flatMap(({ content }, index) => (Array.isArray(content) ? content : []).flatMap((part: Part, at) => {
    const source = part.type === 'file' ? pdfSourceOf(part) : undefined
    return source ? [{ ...source, place: `messages[${index}].content[${at}].file.${source.field}` }] : []
  }))
}

/** What was read for earlier answers of this conversation, by the hash of the file. */
export function readBefore(body: ChatBody): Map<string, readonly JsonObject[]> {
  const read = new Map<string, readonly JsonObject[]>()
  for (const message of body.messages) {
    const annotations = message['annotations']
    for (const annotation of Array.isArray(annotations) ? annotations : []) {
      const file = fileAnnotation(annotation)
      if (file) read.set(file.hash, file.content)
    }
  }
  return read
}

/** The call with these parts in place of its PDFs. Its own form in another dialect still holds the files, and goes. */
export function withoutPdfs(call: Call, contentOf: (said: string) => readonly JsonObject[] | undefined): Call {
  const { native: _, ...rest } = call
  return { ...rest, body: { ...call.body, messages: call.body.messages.map((message) => withoutFiles(message, contentOf)) } }
}

function withoutFiles(sent: Message, contentOf: (said: string) => readonly JsonObject[] | undefined): Message {
  const message = withoutAnnotations(sent)
  if (!Array.isArray(message.content)) return message
  const content = message.content.flatMap((part: Part) => {
    const source = part.type === 'file' ? pdfSourceOf(part) : undefined
    const read = source && contentOf(source.said)
    return read ? marked(read, part) : [part]
  })
  return { ...message, content }
}

/** What an annotation said of a file stands where the file was. */
function withoutAnnotations(message: Message): Message {
  const annotations = message['annotations']
  if (!Array.isArray(annotations)) return message
  return { ...message, annotations: annotations.filter((annotation: unknown) => !isObject(annotation) || annotation['type'] !== 'file') }
}

/** The cache mark of a file is that of the last thing it became. */
function marked(content: readonly JsonObject[], { cache_control: mark }: Part): Part[] {
  // Each is a part of text or a picture: `fileAnnotation` and `contentOf…` make no others.
  const parts = content as readonly Part[]
  return parts.map((part, at) => (mark === undefined || at < parts.length - 1 ? part : { ...part, cache_control: mark }))
}
