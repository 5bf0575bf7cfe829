import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Ollama, type ChatResponse, type Message } from 'ollama'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** Ollama's own package, with nothing changed but its host, and the key in its headers. */

let stage: Stage
let client: Ollama
beforeAll(async () => {
  stage = await openStage()
  client = clientWith(stage.gateway.key)
})
afterAll(() => stage.stop())

function clientWith(key: string): Ollama {
  return new Ollama({ host: stage.gateway.url, headers: { authorization: `Bearer ${key}` } })
}

const USER = { role: 'user', content: QUESTION } as const
const WEATHER = { type: 'function', function: { name: 'get_weather', description: 'The weather now', parameters: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } }, required: ['city'] } } }
const SCHEMA = { type: 'object', properties: { city: { type: 'string' }, degrees: { type: 'number' } }, required: ['city', 'degrees'] }
const costOf = (response: ChatResponse | undefined): number => nanoOf((response as unknown as { usage?: { cost?: number } } | undefined)?.usage?.cost)
const resultOf = (call: { function: { name: string; arguments: Record<string, unknown> } }): Message => ({ role: 'tool', tool_name: call.function.name, content: RESULTS[String(call.function.arguments['city'])] ?? '' })

/** Runs it to its end, which an abort makes an error: either will do. */
async function until(run: () => Promise<void>): Promise<unknown> {
  return await run().then(() => undefined, (error: unknown) => error)
}

async function failureOf(promise: Promise<unknown>): Promise<{ message: string; status_code?: number }> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof Error)) throw new Error(`no error but ${String(error)}`)
  return error
}

describe.each(SIDES)('ollama against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its counts and its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const answer = await client.chat({ model: side.model, messages: [{ role: 'system', content: 'Be brief.' }, USER], options: { temperature: 0.2, num_predict: 500, num_ctx: 4096 } })
    expect(answer).toMatchObject({ model: side.model, message: { role: 'assistant', content: ANSWER }, done: true, done_reason: 'stop', prompt_eval_count: BILLED.prompt, eval_count: BILLED.completion })
    expect(costOf(answer)).toBe(costNano(name))
    expect(side.provider.first().problems).toEqual([])
  })

  test('the same, streamed, also for a name with a tag', async () => {
    side.provider.play(ANSWER_TURN)
    const chunks: ChatResponse[] = []
    for await (const chunk of await client.chat({ model: `${side.model}:latest`, messages: [USER], stream: true })) chunks.push(chunk)
    expect(chunks.map((chunk) => chunk.message.content).join('')).toBe(ANSWER)
    expect(chunks.at(-1)).toMatchObject({ done: true, done_reason: 'stop', eval_count: BILLED.completion })
    expect(chunks.slice(0, -1).some((chunk) => chunk.done)).toBe(false)
    expect(costOf(chunks.at(-1))).toBe(costNano(name))
  })

  test.each([false, true])('two calls at once, streamed: %p; results by the names of their functions', async (stream) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked = { model: side.model, tools: [WEATHER], think: 'low' as const, options: { num_predict: 8000 } }
    const said: Message[] = []
    if (stream) for await (const chunk of await client.chat({ ...asked, messages: [USER], stream: true })) said.push(chunk.message)
    else said.push((await client.chat({ ...asked, messages: [USER] })).message)
    expect(said.map((message) => message.thinking ?? '').join('')).toBe(THINKING.text)
    const asking = said.find((message) => message.tool_calls)
    const calls = asking?.tool_calls ?? []
    expect(calls.map((call) => call.function)).toMatchObject(CALLS.map((call) => ({ name: call.name, arguments: { ...call.arguments } })))
    const second = await client.chat({ ...asked, messages: [USER, asking ?? USER, ...calls.map(resultOf)] })
    expect(second.message.content).toBe(ANSWER)
    const heard = side.provider.seen()[1]?.heard
    expect(side.provider.seen().flatMap((request) => request.problems)).toEqual([])
    expect(heard?.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    expect(heard?.results).toEqual(Object.values(RESULTS))
    // The message that asked went back as it came.
    expect(heard?.signatures).toEqual([SIGNATURE])
  })

  test('structured output: a schema, or any JSON', async () => {
    side.provider.play({ text: '{"city":"Paris","degrees":21}' })
    const answer = await client.chat({ model: side.model, messages: [USER], format: SCHEMA })
    expect(JSON.parse(answer.message.content)).toEqual({ city: 'Paris', degrees: 21 })
    expect(side.provider.first().heard.schema).toMatchObject({ required: ['city', 'degrees'] })
    await client.chat({ model: side.model, messages: [USER], format: 'json' })
    expect(side.provider.seen().flatMap((request) => request.problems)).toEqual([])
  })

  test('images, in chat and in generate', async () => {
    side.provider.play(ANSWER_TURN)
    await client.chat({ model: side.model, messages: [{ role: 'user', content: 'What is it?', images: [PNG] }] })
    const answer = await client.generate({ model: side.model, prompt: 'What is it?', system: 'Be brief.', images: [PNG] })
    expect(answer).toMatchObject({ response: ANSWER, done: true })
    for (const request of side.provider.seen()) expect([request.problems, request.heard.files]).toEqual([[], [PNG]])
  })

  test('generate, streamed', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    let text = ''
    let thinking = ''
    for await (const chunk of await client.generate({ model: side.model, prompt: QUESTION, stream: true, think: true, options: { num_predict: 8000 } })) {
      text += chunk.response ?? ''
      thinking += chunk.thinking ?? ''
    }
    expect([text, thinking]).toEqual([ANSWER, THINKING.text])
  })

  test('errors of the provider', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    expect(await failureOf(client.chat({ model: side.model, messages: [USER] }))).toMatchObject({ status_code: 429, message: expect.stringContaining('Slow down') })
  })

  test('a client that leaves takes the provider call with it', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const stream = await client.chat({ model: side.model, messages: [USER], stream: true })
    await until(async () => { for await (const _ of stream) stream.abort() })
    await side.provider.first().left
  })
})

describe('what ollama makes of our errors', () => {
  const ask = (model: string, with_: Ollama = client): ReturnType<typeof failureOf> => failureOf(with_.chat({ model, messages: [USER] }))

  test('an unknown model, with the nearest names', async () => expect(await ask('anthropic/claude-sonet-4.5')).toMatchObject({ status_code: 400, message: expect.stringContaining('anthropic/claude-sonnet-4.5') }))
  test('no such key', async () => expect(await ask('demo/echo', clientWith('sk-sw-v1-nobody-has-this-one'))).toMatchObject({ status_code: 401 }))
  test('no key: it says where one goes', async () => expect(await ask('demo/echo', new Ollama({ host: stage.gateway.url }))).toMatchObject({ status_code: 401, message: expect.stringMatching(/headers.*OLLAMA_API_KEY/) }))
  test('an error in mid-stream is thrown', async () => {
    const stream = await client.chat({ model: 'demo/writer?fail=503&fail_after=5', messages: [USER], stream: true })
    expect((await failureOf((async () => { for await (const _ of stream); })())).message).toBeString()
  })

  test.each([
    ['/api/chat', { model: 'demo/echo', messages: 'x' }, 'messages'], ['/api/chat', { messages: [] }, 'model'], ['/api/chat', { model: 'demo/echo', messages: [{ role: 'bot', content: '' }] }, 'messages[0].role'],
    ['/api/chat', { model: 'demo/echo', messages: [{ role: 'tool', content: 'x' }] }, 'messages[0]'], ['/api/chat', { model: 'demo/echo', messages: [USER], format: 'yaml' }, 'format'],
    ['/api/chat', { model: 'demo/echo', messages: [USER], options: { temperature: 9 } }, 'options.temperature'], ['/api/chat', { model: 'demo/echo', messages: [USER], think: 'deep' }, 'think'],
    ['/api/generate', { model: 'demo/echo', prompt: 5 }, 'prompt'], ['/api/generate', { model: 'demo/echo', prompt: 'x', suffix: 'y' }, 'suffix'], ['/api/generate', { model: 'demo/echo', prompt: 'x', images: [1] }, 'images[0]'],
  ])('%s %j is wrong at %s', async (path, body, field) => {
    const response = await fetch(stage.gateway.url + path, { method: 'POST', headers: { authorization: `Bearer ${stage.gateway.key}` }, body: JSON.stringify(body) })
    expect([response.status, await response.json()]).toEqual([400, { error: expect.stringMatching(new RegExp(`^${field.replace(/[[\].]/g, '\\$&')}:`)), error_type: 'invalid_request' }])
  })
})

describe('models', () => {
  test('those that can be called now', async () => {
    const names = (await client.list()).models.map((model) => model.name)
    for (const name of [...SIDES.map((side) => stage.side(side).model), 'demo/echo']) expect(names).toContain(name)
    expect(names).not.toContain('openai/gpt-4o')
    expect((await client.ps()).models).toEqual([])
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/)
  })

  test('one of them', async () => {
    expect(await client.show({ model: 'anthropic/claude-sonnet-4.5' })).toMatchObject({ capabilities: ['completion', 'tools', 'vision', 'thinking'], details: { family: 'claude' } })
    expect(await failureOf(client.show({ model: 'nobody/nothing' }))).toMatchObject({ status_code: 404 })
  })
})

describe('a request that says nothing', () => {
  const ask = async (path: string, body: object): Promise<[number, Record<string, unknown>]> => {
    const response = await fetch(`${stage.gateway.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${stage.gateway.key}` }, body: JSON.stringify(body) })
    return [response.status, (await response.json()) as Record<string, unknown>]
  }

  test('loads the model, or ends it, and asks no provider', async () => {
    const { model, provider } = stage.side('openai-chat')
    provider.play(ANSWER_TURN)
    expect(await ask('/api/generate', { model })).toMatchObject([200, { model, response: '', done: true, done_reason: 'load' }])
    expect(await ask('/api/chat', { model: `${model}:latest`, messages: [] })).toMatchObject([200, { message: { role: 'assistant', content: '' }, done: true, done_reason: 'load' }])
    expect(await ask('/api/generate', { model, keep_alive: 0 })).toMatchObject([200, { done_reason: 'unload' }])
    expect(await ask('/api/chat', { model, keep_alive: '0s' })).toMatchObject([200, { done_reason: 'unload' }])
    expect((await client.generate({ model, prompt: '' })).done).toBe(true)
    expect(provider.seen()).toEqual([])
  })

  test('of a model that there is not, or of none, is refused', async () => {
    expect(await ask('/api/generate', { model: 'nobody/nothing' })).toMatchObject([404, { error: expect.stringContaining('not found') as string }])
    expect(await ask('/api/chat', { messages: [] })).toMatchObject([400, { error: expect.any(String) as string }])
  })
})

describe('what clients ask to see that Ollama is there', () => {
  const root = (init: RequestInit) => fetch(`${stage.gateway.url}/`, init)

  test('GET and HEAD / say that it runs, without a key; a browser sees a page', async () => {
    const get = await root({})
    expect([get.status, await get.text()]).toEqual([200, 'Ollama is running'])
    expect((await root({ method: 'HEAD' })).status).toBe(200)
    const page = await root({ headers: { accept: 'text/html,*/*;q=0.8' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    expect((await root({ method: 'POST', body: '{}' })).status).toBe(405)
  })

  test('models are not pulled: the error says what to do instead', async () => {
    const failure = await failureOf(client.pull({ model: 'llama3.2' }))
    expect(failure).toMatchObject({ status_code: 400, message: expect.stringContaining('GET /api/tags') })
  })
})
