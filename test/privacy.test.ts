import { expect, setDefaultTimeout, test } from 'bun:test'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startGateway } from './server.ts'

setDefaultTimeout(60_000)

/** What no file and no line of the log may hold, in any writing. */
const PROMPT = 'the-prompt-nobody-keeps'
const ANSWER = 'the-answer-nobody-keeps'

test('E1: no prompt and no answer is kept, neither of calls that went well nor of those that failed', async () => {
  const provider = Bun.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
    const asked = await request.text()
    if (asked.includes('"fails"')) return Response.json({ error: { message: `cannot say ${ANSWER} to ${PROMPT}` } }, { status: 400 })
    if (asked.includes('"cuts"')) return new Response(`data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content: ANSWER } }] })}\n\n`, { headers: { 'content-type': 'text/event-stream' } })
    if (asked.includes('"odd"')) return new Response(`<html>${ANSWER}</html>`)
    return Response.json({ id: 'x', choices: [{ index: 0, message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } })
  } })
  const models = ['works', 'fails', 'cuts', 'odd'].map((name) => `{ id: acme/${name}, upstream_id: ${name}, context: 10000, max_output: 100, price: { input: "1", output: "1" } }`)
  const gateway = await startGateway({ config: `providers: { acme: { base_url: "http://127.0.0.1:${provider.port}/v1", api_key: k, models: [${models.join(', ')}] } }\n` })
  const messages = [{ role: 'system', content: PROMPT }, { role: 'user', content: PROMPT }]
  const ids: string[] = []
  for (const model of ['acme/works', 'acme/fails', 'acme/cuts', 'acme/odd']) {
    for (const [path, body] of [['/chat/completions', { messages }], ['/chat/completions', { messages, stream: true }], ['/messages', { messages: [messages[1]], max_tokens: 50 }], ['/responses', { input: PROMPT }]] as const) {
      const response = await gateway.api(path, { model, ...body })
      await response.text()
      ids.push(response.headers.get('x-generation-id') ?? '')
    }
  }
  // What could not be read at all, and what is no model's, too.
  await (await gateway.api('/chat/completions', { model: 'acme/works', messages: [{ role: 'user', content: [{ type: PROMPT, text: 7 }] }] })).text()
  await (await gateway.api('/chat/completions', undefined, { method: 'POST', body: `{"messages": "${PROMPT}` })).text()
  for (const id of ids) while (!(await gateway.api(`/generation?id=${id}`)).ok) await Bun.sleep(20)
  const kept = [...contentsBelow(gateway.dataDir), gateway.logs()]
  expect(kept.some((text) => text.includes(ids[0] ?? '?'))).toBe(true)
  for (const said of [PROMPT, ANSWER]) expect(kept.filter((text) => text.includes(said) || text.includes(Buffer.from(said).toString('base64').slice(0, 24)))).toEqual([])
  await gateway.stop()
  await provider.stop(true)
})

function contentsBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((path) => join(directory, path)).filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'latin1'))
}
