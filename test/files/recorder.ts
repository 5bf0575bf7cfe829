/** A provider that says one word and keeps what it was told. */
export interface Recorder {
  readonly url: string
  /** Bodies of its calls, in their order. */
  readonly told: Record<string, unknown>[]
  /** The next calls get this status in place of an answer. */
  failWith(status: number | undefined): void
  stop(): Promise<void>
}

/** Speaks chat completions, streamed and not; a POST to `/ocr` is answered as Mistral's OCR does. */
export function startRecorder(ocr: object = {}): Recorder {
  const told: Record<string, unknown>[] = []
  let status: number | undefined
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      // What is sent here is written by the gateway: an object.
      const body = await request.json() as Record<string, unknown>
      told.push({ ...body, authorization: request.headers.get('authorization') })
      if (status !== undefined) return Response.json({ error: { message: 'no' } }, { status })
      if (new URL(request.url).pathname.endsWith('/ocr')) return Response.json(ocr)
      const usage = { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 }
      if (body['stream'] !== true) return Response.json({ id: 'c1', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'Read.' }, finish_reason: 'stop' }], usage })
      const events = [{ choices: [{ index: 0, delta: { role: 'assistant', content: 'Read.' }, finish_reason: null }] }, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, { choices: [], usage }]
      return new Response(`${events.map((event) => `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', ...event })}\n\n`).join('')}data: [DONE]\n\n`, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  return { url: `http://127.0.0.1:${server.port}`, told, failWith: (next) => { status = next }, stop: async () => { await server.stop(true) } }
}
