/** A provider that answers, fails or limits as it is told, and counts who was asked what. */
export interface MoodyProvider {
  readonly url: string
  mood: 'well' | 'down' | 'limited'
  asked: number
  stop(): void
}

/** Starts one on a free port. */
export function startMoodyProvider(): MoodyProvider {
  const provider: MoodyProvider = { url: '', mood: 'well', asked: 0, stop: () => undefined }
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch() {
    provider.asked++
    if (provider.mood === 'down') return Response.json({ error: { message: 'down' } }, { status: 500 })
    if (provider.mood === 'limited') return Response.json({ error: { message: 'slow down' } }, { status: 429, headers: { 'retry-after': '120' } })
    return Response.json({ id: 'x', object: 'chat.completion', created: 1, model: 'tiny', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })
  } })
  return Object.assign(provider, { url: `http://127.0.0.1:${server.port}/v1`, stop: () => void server.stop(true) })
}
