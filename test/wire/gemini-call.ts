import type { Endpoint } from '../../src/catalog/endpoint.ts'
import type { Call, ChatBody, Message, ReasoningWish } from '../../src/core/call.ts'
import type { Event, ReasoningDetail } from '../../src/core/event.ts'

/** A Gemini endpoint that takes everything, unless told otherwise. */
export function geminiEndpoint(upstreamId = 'gemini-2.5-flash', more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: `google/${upstreamId}@google-ai-studio`, modelId: `google/${upstreamId}`, tag: 'google-ai-studio', upstreamId,
    provider: {
      slug: 'google-ai-studio', name: 'Google AI Studio', baseUrl: 'https://generativelanguage.googleapis.com', dialect: 'gemini', auth: 'x-goog-api-key', env: ['GEMINI_API_KEY'],
      quirks: new Set(), headers: {}, retainsPrompts: true, mayTrain: true,
    },
    price: { state: 'free', prompt: 0n, completion: 0n }, contextMax: 1_048_576, outputMax: 65_536, parameters: null, inputs: null, outputs: new Set(['text']),
    quantization: 'unknown', deprecated: false, ...more,
  }
}

/** What of a call can be set beside its body. */
export interface CallWishes { readonly stream?: boolean; readonly reasoning?: Partial<ReasoningWish>; readonly models?: readonly string[] }

/** A call with this body, its needs read as simply as can be. */
export function geminiCall(body: Partial<ChatBody>, wishes: CallWishes = {}): Call {
  const whole: ChatBody = { messages: [{ role: 'user', content: 'Hello' }], ...body }
  const maxTokens = whole.max_completion_tokens ?? whole.max_tokens ?? undefined
  return {
    id: 'gen-1-test', api: 'chat', dialect: 'openai-chat', createdMs: 1_000, stream: wishes.stream ?? false, models: wishes.models ?? ['google/gemini'], body: whole,
    preferences: { allowFallbacks: true, requireParameters: false, partition: 'model', dataCollection: 'allow', zdr: false },
    reasoning: { exclude: false, ...wishes.reasoning },
    needs: { parameters: [], inputs: [], outputs: ['text'], promptTokensMax: 10, choices: whole.n ?? 1, ...(maxTokens === undefined ? {} : { maxTokens }) },
    headers: {},
  }
}

/** A message as a client keeps it, folded from the Events of one choice by the rules of `core/event.ts`. */
export function foldMessage(events: readonly Event[], choice = 0): Message & { finish?: string; native?: string | null } {
  let content = ''
  const calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[] = []
  const details = new Map<number, ReasoningDetail>()
  const images: { type: string; image_url: { url: string } }[] = []
  let finish: { finish?: string; native?: string | null } = {}
  for (const event of events) {
    if (!('choice' in event) || event.choice !== choice) continue
    if (event.type === 'text') content += event.text
    else if (event.type === 'image') images.push({ type: 'image_url', image_url: { url: event.url } })
    else if (event.type === 'finish') finish = { finish: event.reason, native: event.native }
    else if (event.type === 'reasoning') details.set(event.detail.index ?? -1, joined(details.get(event.detail.index ?? -1), event.detail))
    else if (event.type === 'tool') {
      const call = (calls[event.index] ??= { id: event.id ?? '', type: 'function', function: { name: event.name ?? '', arguments: '' } })
      call.function.arguments += event.arguments
    }
  }
  return { role: 'assistant', content: content === '' ? null : content, ...(calls.length > 0 ? { tool_calls: calls } : {}), ...(details.size > 0 ? { reasoning_details: [...details.values()] } : {}), ...(images.length > 0 ? { images } : {}), ...finish }
}

function joined(before: ReasoningDetail | undefined, detail: ReasoningDetail): ReasoningDetail {
  return before ? { ...before, ...detail, text: `${String(before['text'] ?? '')}${String(detail['text'] ?? '')}` } : detail
}
