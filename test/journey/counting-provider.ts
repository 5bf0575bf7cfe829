import { asObject, parseObject } from '../../src/core/json.ts'

/** One call as the provider saw it, and what it has counted. */
export interface Counted { readonly model: string; readonly credential: string; readonly isStreamed: boolean; readonly promptTokens: number; readonly completionTokens: number }

/** A provider that speaks OpenAI's chat API, counts its tokens, and writes about as much as it may. */
export function startCountingProvider(): { readonly url: string; readonly calls: Counted[]; stop(): Promise<void> } {
  const calls: Counted[] = []
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const text = await request.text()
    const body = parseObject(text) ?? {}
    const counted: Counted = {
      model: String(body['model']), credential: (request.headers.get('authorization') ?? '').replace('Bearer ', ''), isStreamed: body['stream'] === true,
      // Each call another count, so that no two cost the same.
      promptTokens: Math.ceil(text.length / 5) + calls.length, completionTokens: Math.max(1, Number(body['max_tokens'] ?? body['max_completion_tokens']) - calls.length * 7 % 50),
    }
    calls.push(counted)
    return answerOf(counted, asObject(body['stream_options'])?.['include_usage'] === true)
  } })
  return { url: `http://127.0.0.1:${server.port}/v1`, calls, stop: () => server.stop(true) }
}

function answerOf({ model, isStreamed, promptTokens, completionTokens }: Counted, saysUsage: boolean): Response {
  const usage = { prompt_tokens: promptTokens, completion_tokens: completionTokens, total_tokens: promptTokens + completionTokens }
  const head = { id: 'chatcmpl-1', created: 1, model }
  if (!isStreamed) return Response.json({ ...head, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage })
  const chunk = (delta: object, finish: string | null) => ({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })
  const chunks = [chunk({ role: 'assistant', content: 'Hel' }, null), chunk({ content: 'lo' }, null), chunk({}, 'stop'), ...(saysUsage ? [{ ...head, object: 'chat.completion.chunk', choices: [], usage }] : [])]
  return new Response([...chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`), 'data: [DONE]\n\n'].join(''), { headers: { 'content-type': 'text/event-stream' } })
}
