import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import Anthropic from '@anthropic-ai/sdk'
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod'
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod'
import { z } from 'zod'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

/** Anthropic's own package, with nothing changed but its base URL and key. */

let stage: Stage
let client: Anthropic
beforeAll(async () => {
  stage = await openStage()
  // As its users are told: the package adds /v1/messages by itself.
  client = new Anthropic({ baseURL: `${stage.gateway.url}/api`, authToken: stage.gateway.key, apiKey: null, maxRetries: 0 })
})
afterAll(() => stage.stop())

const USER = { role: 'user', content: QUESTION } as const
const MAX = 8_000
const textOf = (content: readonly { readonly type: string }[]): string => content.flatMap((block) => (block.type === 'text' && 'text' in block ? [String(block.text)] : [])).join('')
const typesOf = (items: unknown): unknown[] => (Array.isArray(items) ? items.map((item: { readonly type?: string }) => item.type) : [])
/** What the contract adds to Anthropic's usage. */
const costOf = (usage: object | null | undefined): number => nanoOf((usage as { cost?: number } | null | undefined)?.cost)

const Report = z.object({ city: z.string(), degrees: z.number(), sunny: z.boolean() })
const REPORT = { city: 'Paris', degrees: 21, sunny: true }
const TOOL: Anthropic.Tool = {
  name: 'get_weather', description: 'The weather now',
  input_schema: { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } }, required: ['city', 'unit'] },
}
const weather = betaZodTool({
  name: 'get_weather', description: 'The weather now', inputSchema: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) }), run: ({ city }) => RESULTS[city] ?? 'unknown',
})

describe.each(SIDES)('@anthropic-ai/sdk against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const { data, response, request_id: id } = await client.messages.create({ model: side.model, max_tokens: MAX, system: 'Be brief.', messages: [USER] }).withResponse()
    expect(data).toMatchObject({ type: 'message', role: 'assistant', model: side.model, stop_reason: 'end_turn', stop_sequence: null })
    expect(data.content).toMatchObject([{ type: 'text', text: ANSWER }])
    expect(data.usage).toMatchObject({ input_tokens: BILLED.prompt - BILLED.cached, cache_read_input_tokens: BILLED.cached, output_tokens: BILLED.completion, output_tokens_details: { thinking_tokens: BILLED.reasoning } })
    expect(costOf(data.usage)).toBe(costNano(name))
    expect([id, response.headers.get('x-generation-id')]).toEqual([data.id, data.id])
    expect(await stage.generation(data.id)).toMatchObject({ id: data.id, model: side.model, streamed: false, finish_reason: 'stop', native_tokens_prompt: BILLED.prompt, native_tokens_completion: BILLED.completion })
    expect(side.provider.first().problems).toEqual([])
  })

  test('the streaming helper', async () => {
    side.provider.play(ANSWER_TURN)
    const stream = client.messages.stream({ model: side.model, max_tokens: MAX, messages: [USER] })
    const deltas: string[] = []
    const ends: object[] = []
    stream.on('text', (delta) => deltas.push(delta))
    stream.on('streamEvent', (event) => { if (event.type === 'message_delta') ends.push(event.usage) })
    const whole = await stream.finalMessage()
    expect(deltas.join('')).toBe(ANSWER)
    expect(deltas.length).toBeGreaterThan(3)
    expect(whole).toMatchObject({ model: side.model, stop_reason: 'end_turn', content: [{ type: 'text', text: ANSWER }] })
    expect(whole.usage).toMatchObject({ input_tokens: BILLED.prompt - BILLED.cached, cache_read_input_tokens: BILLED.cached, output_tokens: BILLED.completion })
    expect(ends.map(costOf)).toEqual([costNano(name)])
    expect(await stage.generation(whole.id)).toMatchObject({ streamed: true, finish_reason: 'stop' })
    expect(side.provider.first().problems).toEqual([])
  })

  test('the events come in Anthropic’s order', async () => {
    side.provider.play(CALLS_TURN)
    const kinds: string[] = []
    for await (const event of await client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER], tools: [TOOL], stream: true })) {
      const kind = event.type === 'content_block_start' ? `start ${event.index} ${event.content_block.type}` : event.type === 'content_block_stop' ? `stop ${event.index}` : event.type
      if (kind !== 'content_block_delta') kinds.push(kind)
      if (event.type === 'message_start') expect(event.message.usage.input_tokens).toBeGreaterThan(0)
      if (event.type === 'message_delta') expect(event.delta.stop_reason).toBe('tool_use')
    }
    const blocks = kinds.filter((kind) => kind.startsWith('start ')).map((kind) => kind.split(' ')[2])
    expect(blocks.filter((block) => block !== 'redacted_thinking')).toEqual(['thinking', 'tool_use', 'tool_use'])
    expect(kinds).toEqual(['message_start', ...blocks.flatMap((block, at) => [`start ${at} ${block}`, `stop ${at}`]), 'message_delta', 'message_stop'])
  })

  test.each([false, true])('the tool runner, streamed: %p', async (stream) => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const asked = { model: side.model, max_tokens: MAX, messages: [USER], tools: [weather], thinking: { type: 'enabled' as const, budget_tokens: 2_000 } }
    const last = stream ? await client.beta.messages.toolRunner({ ...asked, stream: true }).runUntilDone() : await client.beta.messages.toolRunner(asked).runUntilDone()
    expect(textOf(last.content)).toBe(ANSWER)
    // It first asks that the conversation be kept for it; when it is told that none is, it sends all of it each time.
    const [first, second] = side.provider.seen()
    expect([side.provider.seen().length, first?.problems, second?.problems]).toEqual([2, [], []])
    expect(first?.heard.tools).toEqual(['get_weather'])
    expect(first?.heard.thinks).toBe(true)
    expect(second?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
    expect(second?.heard.results).toEqual(Object.values(RESULTS))
    // The runner sends every block back as it came: reasoning is with its maker again, byte for byte.
    expect(second?.heard.signatures).toEqual([SIGNATURE])
    // Of Gemini's nobody needs the text back: what it signed has it.
    if (name !== 'gemini') expect(second?.heard.thoughts).toEqual([THINKING.text])
    // A thought stands before the call that it led to.
    if (name === 'openai-responses') expect(typesOf(second?.body['input'])).toEqual(['message', 'reasoning', 'function_call', 'function_call', 'function_call_output', 'function_call_output'])
  })

  test('reasoning in a plain answer goes back as it came', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    const thinking = { type: 'enabled', budget_tokens: 2_000 } as const
    const { content } = await client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER], thinking })
    expect(content.find((block) => block.type === 'thinking')?.thinking).toBe(THINKING.text)
    expect(textOf(content)).toBe(ANSWER)
    side.provider.play(ANSWER_TURN)
    await client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER, { role: 'assistant', content }, { role: 'user', content: 'Sure?' }], thinking })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.signatures).toEqual([SIGNATURE])
  })

  test('a conversation goes on at another provider', async () => {
    side.provider.play(CALLS_TURN)
    const { content } = await client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER], tools: [TOOL], thinking: { type: 'enabled', budget_tokens: 2_000 } })
    const results = content.flatMap((block) => (block.type === 'tool_use' ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'warm' }] : []))
    for (const other of SIDES.filter((one) => one !== name)) {
      const there = stage.side(other)
      there.provider.play(ANSWER_TURN)
      const next = await client.messages.create({ model: there.model, max_tokens: MAX, messages: [USER, { role: 'assistant', content }, { role: 'user', content: results }], tools: [TOOL] })
      expect(textOf(next.content)).toBe(ANSWER)
      expect(there.provider.first().problems).toEqual([])
      expect(there.provider.first().heard.results).toEqual(['warm', 'warm'])
    }
  })

  test('structured output, parsed', async () => {
    side.provider.play({ text: JSON.stringify(REPORT) })
    const output_config = { format: zodOutputFormat(Report) }
    const whole = await client.messages.parse({ model: side.model, max_tokens: MAX, messages: [USER], output_config })
    expect(whole.parsed_output).toEqual(REPORT)
    for (const request of side.provider.seen()) {
      expect(request.problems).toEqual([])
      expect(request.heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees', 'sunny'] })
    }
  })

  test('an image in the prompt, and one in a tool’s result', async () => {
    side.provider.play(ANSWER_TURN)
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } } as const
    const calls = { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Rome', unit: 'celsius' } }] } as const
    await client.messages.create({
      model: side.model, max_tokens: MAX, tools: [TOOL],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, image] }, calls as never, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'as shown' }, image] }] }],
    })
    expect(side.provider.first().problems).toEqual([])
    expect(JSON.stringify(side.provider.first().body).split(PNG)).toHaveLength(3)
  })

  test('errors of the provider, before an answer', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    const limited = await failureOf(client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER], stream: true }))
    expect(limited).toBeInstanceOf(Anthropic.RateLimitError)
    expect(limited).toMatchObject({ status: 429, type: 'rate_limit_error' })
    expect(limited.message).toContain('Slow down')
    expect(limited.requestID).toStartWith('gen-')
    side.provider.play({ fault: { status: 500, message: 'Oops' } })
    const broken = await failureOf(client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER] }))
    expect(broken).toBeInstanceOf(Anthropic.InternalServerError)
    expect(broken).toMatchObject({ status: 502, type: 'api_error' })
  })

  test.each(['faulty', 'cut'] as const)('a stream that ends %s is no whole answer', async (ends) => {
    side.provider.play({ text: ANSWER, ends })
    const deltas: string[] = []
    let id = ''
    const failure = await failureOf((async () => {
      for await (const event of await client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER], stream: true })) {
        if (event.type === 'message_start') id = event.message.id
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') deltas.push(event.delta.text)
        side.provider.endBadly()
      }
    })())
    expect(deltas.join('')).toBe(ANSWER)
    expect(failure).toMatchObject({ type: 'api_error', error: { error: { message: expect.stringContaining(ends === 'faulty' ? 'Oops in the middle' : 'before its end') } } })
    expect(await stage.generation(id)).toMatchObject({ cancelled: false, finish_reason: 'error', total_cost: 0 })
  })

  test.each([{ type: 'none' }, { type: 'any' }, { type: 'auto', disable_parallel_tool_use: true }, { type: 'tool', name: 'get_weather' }] as const)('tool_choice %j', async (tool_choice) => {
    side.provider.play(tool_choice.type === 'none' ? ANSWER_TURN : { calls: CALLS.slice(0, 1) })
    const { stop_reason: reason } = await client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER], tools: [TOOL], tool_choice })
    expect(reason).toBe(tool_choice.type === 'none' ? 'end_turn' : 'tool_use')
    expect(side.provider.first().problems).toEqual([])
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const stream = client.messages.stream({ model: side.model, max_tokens: MAX, messages: [USER] })
    stream.on('text', () => stream.abort())
    expect(await stream.done().then(() => undefined, (error: unknown) => error)).toBeInstanceOf(Anthropic.APIUserAbortError)
    await side.provider.first().left
  })
})

async function failureOf(promise: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof Anthropic.APIError)) throw new Error(`no APIError but ${String(error)}`)
  return error
}

describe('what reaches Anthropic', () => {
  test('is the client’s own request, with nothing added but what the contract rewrites', async () => {
    const side = stage.side('anthropic')
    side.provider.play(ANSWER_TURN)
    const mark = { type: 'ephemeral', ttl: '1h' } as const
    const said = {
      max_tokens: 3_000, temperature: 0.5, stop_sequences: ['END'], system: [{ type: 'text' as const, text: 'Be brief.', cache_control: mark }],
      messages: [{ role: 'user' as const, content: [{ type: 'document' as const, title: 'Notes', citations: { enabled: true }, source: { type: 'text' as const, media_type: 'text/plain' as const, data: 'The sky is blue.' } }, { type: 'text' as const, text: 'Which colour?', cache_control: mark }] }],
      tools: [{ ...TOOL, cache_control: mark }, { type: 'web_search_20250305' as const, name: 'web_search' as const, max_uses: 2 }],
    }
    const ours = { provider: { order: ['anthropic'] }, session_id: 's-1', trace: { trace_id: 't' }, fallbacks: [{ model: 'demo/echo' }] }
    await client.messages.create({ model: side.model, ...said, metadata: { user_id: 'jo@example.com' }, ...ours }, { headers: { 'anthropic-beta': 'interleaved-thinking-2025-05-14' } })
    const { body, problems } = side.provider.first()
    const { model, metadata, ...rest } = body
    expect(rest).toEqual(JSON.parse(JSON.stringify(said)) as typeof rest)
    expect(model).not.toBe(side.model)
    expect(JSON.stringify(metadata)).toMatch(/^\{"user_id":"user_[0-9a-f]{32}"\}$/)
    expect(problems).toEqual([])
  })

  test('another model’s reasoning never does', async () => {
    const side = stage.side('gemini')
    side.provider.play(CALLS_TURN)
    const { content } = await client.messages.create({ model: side.model, max_tokens: MAX, messages: [USER], tools: [TOOL], thinking: { type: 'enabled', budget_tokens: 2_000 } })
    expect(content.some((block) => block.type === 'redacted_thinking')).toBe(true)
    const anthropic = stage.side('anthropic')
    anthropic.provider.play(ANSWER_TURN)
    const results = content.flatMap((block) => (block.type === 'tool_use' ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'warm' }] : []))
    await client.messages.create({ model: anthropic.model, max_tokens: MAX, messages: [USER, { role: 'assistant', content }, { role: 'user', content: results }], tools: [TOOL], thinking: { type: 'enabled', budget_tokens: 2_000 } })
    const { heard, problems, body } = anthropic.provider.first()
    expect([heard.signatures, problems, body['thinking']]).toEqual([[], [], undefined])
  })
})

describe('@anthropic-ai/sdk against the demo', () => {
  test('plain and streamed are the same message', async () => {
    const asked = { model: 'demo/echo', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Say this back' }] }
    const whole = await client.messages.create(asked)
    const streamed: Anthropic.Message = await client.messages.stream(asked).finalMessage()
    expect(textOf(whole.content)).toStartWith('Say this back')
    expect(streamed.content).toEqual(whole.content)
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens)
  })

  test('reasoning is a thinking block', async () => {
    const { content } = await client.messages.create({ model: 'demo/reasoner', max_tokens: 1_000, messages: [USER] })
    expect(content.map((block) => block.type)).toEqual(['thinking', 'text'])
  })

  test('an error in mid-stream is thrown', async () => {
    const failure = await failureOf(client.messages.stream({ model: 'demo/writer?fail=503&fail_after=5', max_tokens: 100, messages: [USER] }).finalMessage())
    expect(failure).toMatchObject({ type: 'overloaded_error' })
  })

  test('fallbacks are tried in their order', async () => {
    const body = { model: 'demo/writer?fail=503', max_tokens: 100, messages: [USER], fallbacks: [{ model: 'demo/echo' }] }
    expect(await client.messages.create(body)).toMatchObject({ model: 'demo/echo' })
  })
})

describe('what another provider cannot be told', () => {
  const body: Anthropic.MessageCreateParamsNonStreaming = {
    model: 'demo/echo', max_tokens: 100, container: 'container_1',
    messages: [{ role: 'user', content: [{ type: 'document', citations: { enabled: true }, source: { type: 'text', media_type: 'text/plain', data: 'The sky is blue.' } }, { type: 'text', text: 'Which colour?' }] }],
  }
  const headers = { 'x-openrouter-metadata': 'enabled' }
  const fieldsOf = (metadata: unknown): string[] => (metadata as { warnings: { field: string }[] }).warnings.map((warning) => warning.field)

  test('is a warning, in a reply and in a stream', async () => {
    const reply = await client.messages.create(body, { headers })
    expect(fieldsOf((reply as { openrouter_metadata?: unknown }).openrouter_metadata)).toEqual(expect.arrayContaining(['container', 'messages[0].content[0].citations']))
    let last: object = {}
    for await (const event of await client.messages.create({ ...body, stream: true }, { headers })) last = event
    expect(fieldsOf((last as { openrouter_metadata?: unknown }).openrouter_metadata)).toContain('container')
  })
})

describe('what @anthropic-ai/sdk makes of our errors', () => {
  const ask = (model: string, with_: Anthropic = client, more: object = {}): Promise<InstanceType<typeof Anthropic.APIError>> => failureOf(with_.messages.create({ model, max_tokens: 100, messages: [USER], ...more }))

  test.each([
    ['messages', { messages: [] }], ['fallbacks', { fallbacks: [{ model: 'a/b' }], models: ['a/b'] }], ['fallbacks', { fallbacks: Array.from({ length: 4 }, () => ({ model: 'a/b' })) }],
    ['fallbacks[0].temperature', { fallbacks: [{ model: 'a/b', temperature: 1 }] }], ['thinking.type', { thinking: { type: 'deep' } }], ['tools[0].input_schema', { tools: [{ name: 'x' }] }], ['thread', { thread: { type: 'create' } }],
  ])('400: %s', async (field, more) => {
    const failure = await ask('demo/echo', client, more)
    expect(failure).toBeInstanceOf(Anthropic.BadRequestError)
    expect(failure.type).toBe('invalid_request_error')
    expect(failure.apiMessage).toStartWith(`${field}:`)
  })

  test('401: no such key', async () => {
    const failure = await ask('demo/echo', client.withOptions({ authToken: 'sk-sw-v1-nobody-has-this-one' }))
    expect(failure).toBeInstanceOf(Anthropic.AuthenticationError)
    expect(failure.type).toBe('authentication_error')
  })

  test('402: a limit that is less than the call may cost', async () => {
    expect(await ask('demo/priced', client.withOptions({ authToken: stage.createKey('--limit', '0.001') }), { max_tokens: MAX })).toMatchObject({ status: 402, type: 'billing_error' })
  })

  test('403: a management key', async () => {
    const failure = await ask('demo/echo', client.withOptions({ authToken: stage.createKey('--management') }))
    expect(failure).toBeInstanceOf(Anthropic.PermissionDeniedError)
    expect(failure.type).toBe('permission_error')
  })

  test('404: a model that no provider with a credential serves', async () => {
    const failure = await ask('openai/gpt-4o')
    expect(failure).toBeInstanceOf(Anthropic.NotFoundError)
    expect(failure.type).toBe('not_found_error')
  })

  test('x-api-key is taken too', async () => {
    const other = new Anthropic({ baseURL: stage.gateway.url, apiKey: stage.gateway.key, maxRetries: 0 })
    expect((await other.messages.create({ model: 'demo/echo', max_tokens: 10, messages: [USER] })).role).toBe('assistant')
  })
})

describe('beside the calls', () => {
  test('count_tokens is an estimate for every model, and says so', async () => {
    const few = await client.messages.countTokens({ model: 'demo/echo', messages: [{ role: 'user', content: 'Hello, how are you today?' }] })
    expect(few).toMatchObject({ estimated: true })
    expect(few.input_tokens).toBeWithin(8, 20)
    const more = await client.messages.countTokens({ model: stage.side('gemini').model, system: 'Be brief.', messages: [USER], tools: [TOOL] })
    expect(more.input_tokens).toBeGreaterThan(few.input_tokens)
    const missing = await failureOf(client.messages.countTokens({ model: 'nobody/nothing', messages: [USER] }))
    expect(missing).toBeInstanceOf(Anthropic.NotFoundError)
    expect(await failureOf(client.messages.countTokens({ model: 'demo/echo', messages: [] }))).toBeInstanceOf(Anthropic.BadRequestError)
    expect(await failureOf(client.withOptions({ authToken: 'sk-nobody' }).messages.countTokens({ model: 'demo/echo', messages: [USER] }))).toBeInstanceOf(Anthropic.AuthenticationError)
  })

  test('models, page by page, newest first', async () => {
    const first = await client.models.list({ limit: 7 })
    expect(first.data).toHaveLength(7)
    const all: { readonly id: string; readonly created_at: string }[] = []
    for await (const model of client.models.list({ limit: 100 })) all.push(model)
    expect(all.slice(0, 7)).toEqual(first.data)
    expect(new Set(all.map((model) => model.id)).size).toBe(all.length)
    for (const name of SIDES) expect(all.map((model) => model.id)).toContain(stage.side(name).model)
    expect(all.map((model) => model.created_at)).toEqual(all.map((model) => model.created_at).toSorted().toReversed())
    const second = all[7]
    expect((await client.models.list({ limit: 7, ...(second && { before_id: second.id }) })).data).toEqual(first.data)
  })

  test('one model, by its id', async () => {
    const { model } = stage.side('anthropic')
    expect(await client.models.retrieve(model)).toMatchObject({ type: 'model', id: model, display_name: expect.any(String) as unknown, max_input_tokens: expect.any(Number) as unknown })
    expect(await failureOf(client.models.retrieve('nobody/nothing'))).toBeInstanceOf(Anthropic.NotFoundError)
  })

  test('without the version header the list is the contract’s', async () => {
    const list = (await (await stage.gateway.api('/models')).json()) as { data: { pricing?: object }[] }
    expect(list.data[0]?.pricing).toBeDefined()
  })
})
