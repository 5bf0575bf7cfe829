import type { BenchDialect } from './dialect-traffic.ts'

/** A request with one picture of so many base64 characters, as a client of a dialect sends it. */
export function pictureRequest(dialect: BenchDialect, model: string, base64: string): string {
  const question = 'What is in the picture?'
  switch (dialect) {
    case 'openai-chat': return JSON.stringify({ model, max_tokens: 16, messages: [{ role: 'user', content: [{ type: 'text', text: question }, { type: 'image_url', image_url: { url: `data:image/png;base64,${base64}` } }] }] })
    case 'anthropic-messages': return JSON.stringify({ model, max_tokens: 16, messages: [{ role: 'user', content: [{ type: 'text', text: question }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: base64 } }] }] })
    case 'openai-responses': return JSON.stringify({ model, max_output_tokens: 16, input: [{ role: 'user', content: [{ type: 'input_text', text: question }, { type: 'input_image', image_url: `data:image/png;base64,${base64}` }] }] })
    case 'gemini': return JSON.stringify({ contents: [{ role: 'user', parts: [{ text: question }, { inlineData: { mimeType: 'image/png', data: base64 } }] }], generationConfig: { maxOutputTokens: 16 } })
  }
}

/** Where clients of a dialect ask for an answer that is not streamed. */
export function replyPath(dialect: BenchDialect, model: string): string {
  switch (dialect) {
    case 'openai-chat': return '/api/v1/chat/completions'
    case 'anthropic-messages': return '/api/v1/messages'
    case 'openai-responses': return '/api/v1/responses'
    case 'gemini': return `/v1beta/models/${model}:generateContent`
  }
}

/** A short answer of a provider of a dialect. */
export function shortReply(dialect: BenchDialect): object {
  const text = 'A picture.'
  switch (dialect) {
    case 'openai-chat': return { id: 'c', object: 'chat.completion', created: 1, model: 'mock', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }], usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } }
    case 'anthropic-messages': return { id: 'm', type: 'message', role: 'assistant', model: 'mock', content: [{ type: 'text', text }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 9, output_tokens: 3 } }
    case 'openai-responses': return { id: 'r', object: 'response', created_at: 1, status: 'completed', model: 'mock', output: [{ id: 'm', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] }], usage: { input_tokens: 9, output_tokens: 3, total_tokens: 12 } }
    case 'gemini': return { candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3, totalTokenCount: 12 }, modelVersion: 'mock' }
  }
}
