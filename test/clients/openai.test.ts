import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import OpenAI from 'openai'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import { z } from 'zod'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, PNG, QUESTION, RESULTS, SIDES, SIGNATURE, THINKING, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** OpenAI's own package, with nothing changed but its base URL and key. */

let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await openStage()
  client = new OpenAI({ baseURL: stage.baseUrl, apiKey: stage.gateway.key, maxRetries: 0 })
})
afterAll(() => stage.stop())

const USER = { role: 'user', content: QUESTION } as const

/** What OpenRouter's answers have beyond OpenAI's types. */
interface More { readonly reasoning?: string; readonly reasoning_details?: unknown[] }
const moreOf = (message: object): More => message as More
const costOf = (usage: object | null | undefined): number => nanoOf((usage as { cost?: number } | null | undefined)?.cost)

const weather = zodFunction({
  name: 'get_weather', description: 'The weather now', parameters: z.object({ city: z.string(), unit: z.enum(['celsius', 'fahrenheit']) }),
  function: ({ city }) => RESULTS[city] ?? 'unknown',
})
const Report = z.object({ city: z.string(), degrees: z.number(), sunny: z.boolean() })
const REPORT = { city: 'Paris', degrees: 21, sunny: true }

describe.each(SIDES)('openai against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const { data, response } = await client.chat.completions.create({ model: side.model, messages: [{ role: 'system', content: 'Be brief.' }, USER] }).withResponse()
    expect(data.choices[0]).toMatchObject({ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: ANSWER } })
    expect(data).toMatchObject({ object: 'chat.completion', model: side.model })
    expect(data.usage).toMatchObject({
      prompt_tokens: BILLED.prompt, completion_tokens: BILLED.completion, total_tokens: BILLED.prompt + BILLED.completion,
      prompt_tokens_details: { cached_tokens: BILLED.cached }, completion_tokens_details: { reasoning_tokens: BILLED.reasoning },
    })
    expect(costOf(data.usage)).toBe(costNano(name))
    expect(response.headers.get('x-generation-id')).toBe(data.id)
    const record = await stage.generation(data.id)
    expect(record).toMatchObject({ id: data.id, model: side.model, streamed: false, cancelled: false, finish_reason: 'stop', native_tokens_prompt: BILLED.prompt, native_tokens_completion: BILLED.completion })
    expect(nanoOf(record['total_cost'])).toBe(costNano(name))
    expect(side.provider.first().problems).toEqual([])
  })

  test('what the provider was told, in the first chunk, where the client debugs', async () => {
    side.provider.play(ANSWER_TURN)
    // OpenAI's types do not know the contract's own fields.
    const asked = { model: side.model, messages: [USER], stream: true, debug: { echo_upstream_body: true } } as OpenAI.ChatCompletionCreateParamsStreaming
    const chunks: (OpenAI.ChatCompletionChunk & { debug?: { echo_upstream_body?: object } })[] = []
    for await (const chunk of await client.chat.completions.create(asked)) chunks.push(chunk)
    expect(chunks.map((chunk) => [chunk.choices.length, chunk.debug !== undefined]).filter(([, isDebug]) => isDebug)).toEqual([[0, true]])
    expect(JSON.stringify(chunks[0]?.debug?.echo_upstream_body)).toContain(JSON.stringify(QUESTION).slice(1, -1))
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(ANSWER)
  })

  test('the streaming helper', async () => {
    side.provider.play(ANSWER_TURN)
    const stream = client.chat.completions.stream({ model: side.model, messages: [USER] })
    const deltas: string[] = []
    stream.on('content', (delta) => deltas.push(delta))
    expect(await stream.finalContent()).toBe(ANSWER)
    expect(deltas.join('')).toBe(ANSWER)
    expect(deltas.length).toBeGreaterThan(3)
    const whole = await stream.finalChatCompletion()
    expect(whole.choices[0]?.finish_reason).toBe('stop')
    expect(costOf(whole.usage)).toBe(costNano(name))
    expect(await stage.generation(whole.id)).toMatchObject({ streamed: true, finish_reason: 'stop' })
    expect(side.provider.first().problems).toEqual([])
  })

  // The package's own loop sends no reasoning back: a provider must take the calls without it.
  test('a tool loop of two calls at once', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const run = client.chat.completions.runTools({ model: side.model, messages: [USER], tools: [weather] })
    expect(await run.finalContent()).toBe(ANSWER)
    checkToolLoop(side)
    expect(await run.totalUsage()).toMatchObject({ prompt_tokens: 2 * BILLED.prompt, completion_tokens: 2 * BILLED.completion })
  })

  test('the same loop, streamed', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const run = client.chat.completions.runTools({ model: side.model, messages: [USER], tools: [weather], stream: true })
    expect(await run.finalContent()).toBe(ANSWER)
    checkToolLoop(side)
  })

  test('reasoning: pieces of a stream go back as they came', async () => {
    side.provider.play({ ...CALLS_TURN }, ANSWER_TURN)
    const details: unknown[] = []
    const calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[] = []
    let reasoning = ''
    const asked = { model: side.model, reasoning_effort: 'high' as const, tools: [weather], max_tokens: 8000 }
    for await (const chunk of await client.chat.completions.create({ ...asked, messages: [USER], stream: true })) {
      const delta = chunk.choices[0]?.delta
      if (!delta) continue
      reasoning += moreOf(delta).reasoning ?? ''
      details.push(...(moreOf(delta).reasoning_details ?? []))
      for (const call of delta.tool_calls ?? []) {
        const known = (calls[call.index] ??= { id: call.id ?? '', type: 'function', function: { name: call.function?.name ?? '', arguments: '' } })
        known.function.arguments += call.function?.arguments ?? ''
      }
    }
    expect(reasoning).toBe(THINKING.text)
    const said = { role: 'assistant', content: null, tool_calls: calls, reasoning_details: details } as const
    const results = calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: RESULTS[(JSON.parse(call.function.arguments) as { city: string }).city] ?? '' }) as const)
    const second = await client.chat.completions.create({ ...asked, messages: [USER, said, ...results] })
    expect(second.choices[0]?.message.content).toBe(ANSWER)
    checkToolLoop(side)
    const heard = side.provider.seen()[1]?.heard
    expect(heard?.thinks).toBe(true)
    expect(heard?.signatures).toEqual([SIGNATURE])
    if (name !== 'gemini') expect(heard?.thoughts).toEqual([THINKING.text])
  })

  test('reasoning in a plain answer', async () => {
    side.provider.play({ thinking: THINKING, text: ANSWER })
    const { choices: [choice] } = await client.chat.completions.create({ model: side.model, messages: [USER], reasoning_effort: 'low', max_tokens: 8000 })
    expect(moreOf(choice?.message ?? {}).reasoning).toBe(THINKING.text)
    side.provider.play(ANSWER_TURN)
    await client.chat.completions.create({ model: side.model, messages: [USER, choice?.message ?? USER, { role: 'user', content: 'Sure?' }], reasoning_effort: 'low', max_tokens: 8000 })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.signatures).toEqual([SIGNATURE])
  })

  test('structured output, parsed', async () => {
    side.provider.play({ text: JSON.stringify(REPORT) })
    const response_format = zodResponseFormat(Report, 'report')
    const whole = await client.chat.completions.parse({ model: side.model, messages: [USER], response_format })
    expect(whole.choices[0]?.message.parsed).toEqual(REPORT)
    const streamed = await client.chat.completions.stream({ model: side.model, messages: [USER], response_format }).finalChatCompletion()
    expect(streamed.choices[0]?.message.parsed).toEqual(REPORT)
    for (const request of side.provider.seen()) {
      expect(request.problems).toEqual([])
      expect(request.heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees', 'sunny'] })
    }
  })

  test('an image in the prompt', async () => {
    side.provider.play(ANSWER_TURN)
    await client.chat.completions.create({ model: side.model, messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }] }] })
    expect(side.provider.first().problems).toEqual([])
    expect(side.provider.first().heard.files).toEqual([PNG])
  })

  test('errors of the provider, before an answer', async () => {
    side.provider.play({ fault: { status: 429, message: 'Slow down' } })
    const limited = await failureOf(client.chat.completions.create({ model: side.model, messages: [USER], stream: true }))
    expect(limited).toBeInstanceOf(OpenAI.RateLimitError)
    expect(limited).toMatchObject({ status: 429, code: 429 })
    expect(limited.message).toContain('Slow down')
    side.provider.play({ fault: { status: 500, message: 'Oops' } })
    const broken = await failureOf(client.chat.completions.create({ model: side.model, messages: [USER] }))
    expect(broken).toBeInstanceOf(OpenAI.InternalServerError)
    expect(broken.status).toBe(502)
  })

  test.each(['faulty', 'cut'] as const)('a stream that ends %s is no whole answer', async (ends) => {
    side.provider.play({ text: ANSWER, ends })
    const deltas: string[] = []
    let id = ''
    const failure = await failureOf((async () => {
      for await (const chunk of await client.chat.completions.create({ model: side.model, messages: [USER], stream: true })) {
        deltas.push(chunk.choices[0]?.delta.content ?? '')
        id = chunk.id
        side.provider.endBadly()
      }
    })())
    expect(deltas.join('')).toBe(ANSWER)
    expect(failure).toMatchObject({ code: 502, message: expect.stringContaining(ends === 'faulty' ? 'Oops in the middle' : 'before its end') })
    expect(side.provider.seen()).toHaveLength(1)
    expect(await stage.generation(id)).toMatchObject({ cancelled: false, finish_reason: 'error', total_cost: 0 })
  })

  test.each([
    ['none', true], ['required', true], ['auto', false], [{ type: 'function', function: { name: 'get_weather' } }, false],
  ] as const)('tool_choice %j, parallel %p', async (tool_choice, parallel_tool_calls) => {
    side.provider.play(tool_choice === 'none' ? ANSWER_TURN : { calls: CALLS.slice(0, 1) })
    const { choices } = await client.chat.completions.create({ model: side.model, messages: [USER], tools: [weather], tool_choice, parallel_tool_calls })
    expect(choices[0]?.finish_reason).toBe(tool_choice === 'none' ? 'stop' : 'tool_calls')
    expect(side.provider.first().problems).toEqual([])
  })

  test('leaving in mid-stream ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const stream = await client.chat.completions.create({ model: side.model, messages: [USER], stream: true })
    let id = ''
    for await (const chunk of stream) {
      id = chunk.id
      if (chunk.choices[0]?.delta.content) break
    }
    await side.provider.first().left
    expect(await recorded(id)).toMatchObject({ cancelled: true, streamed: true })
  })

  test('leaving before the reply ends the provider call', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const leave = new AbortController()
    const failure = failureOf(client.chat.completions.create({ model: side.model, messages: [USER] }, { signal: leave.signal }))
    while (side.provider.seen().length === 0) await Bun.sleep(2)
    leave.abort()
    expect(await failure).toBeInstanceOf(OpenAI.APIUserAbortError)
    await side.provider.first().left
  })
})

/** Both requests of the loop were good, and the second had the two calls with their results. */
function checkToolLoop(side: Side): void {
  const [first, second] = side.provider.seen()
  expect(side.provider.seen()).toHaveLength(2)
  expect([first?.problems, second?.problems]).toEqual([[], []])
  expect(first?.heard.tools).toEqual(['get_weather'])
  expect(second?.heard.calls).toEqual(CALLS.map((call) => ({ name: call.name, arguments: call.arguments })))
  expect(second?.heard.results).toEqual(Object.values(RESULTS))
}

async function failureOf(promise: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof OpenAI.APIError)) throw new Error(`no APIError but ${String(error)}`)
  return error
}

/** The record of a call that was left: it is there as soon as the gateway has noticed. */
async function recorded(id: string): Promise<Record<string, unknown> | undefined> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await stage.generation(id)
    if (found) return found
    await Bun.sleep(10)
  }
  return undefined
}

describe('openai against the demo', () => {
  test('plain and streamed', async () => {
    const whole = await client.chat.completions.create({ model: 'demo/echo', messages: [{ role: 'user', content: 'Say this back' }] })
    expect(whole.choices[0]?.message.content).toStartWith('Say this back')
    const streamed = await client.chat.completions.stream({ model: 'demo/echo', messages: [{ role: 'user', content: 'Say this back' }] }).finalChatCompletion()
    expect(streamed.choices[0]?.message.content).toBe(whole.choices[0]?.message.content ?? null)
    expect(streamed.usage).toEqual(whole.usage)
  })

  test('several choices with logprobs', async () => {
    const { choices } = await client.chat.completions.stream({ model: 'demo/writer', messages: [USER], n: 2, logprobs: true, top_logprobs: 2, max_tokens: 8 }).finalChatCompletion()
    expect(choices.map((choice) => choice.finish_reason)).toEqual(['length', 'length'])
    for (const choice of choices) expect(choice.logprobs?.content?.map((one) => one.token).join('')).toBe(choice.message.content ?? '')
  })

  test('reasoning', async () => {
    const { choices } = await client.chat.completions.create({ model: 'demo/reasoner', messages: [USER] })
    expect(moreOf(choices[0]?.message ?? {}).reasoning?.length).toBeGreaterThan(0)
  })

  test('tools, streamed or not, until it answers', async () => {
    for (const stream of [false, true] as const) {
      const calls: unknown[] = []
      const tool = zodFunction({ name: 'get_weather', parameters: z.object({ city: z.string() }), function: (args) => { calls.push(args); return '21 degrees' } })
      const asked = { model: 'demo/writer', messages: [USER], tools: [tool] }
      const run = stream ? client.chat.completions.runTools({ ...asked, stream }) : client.chat.completions.runTools(asked)
      expect(await run.finalContent()).toContain('21 degrees')
      expect(calls).toHaveLength(1)
    }
  })

  test('structured output', async () => {
    const { choices } = await client.chat.completions.parse({ model: 'demo/writer', messages: [USER], response_format: zodResponseFormat(Report, 'report') })
    expect(Report.safeParse(choices[0]?.message.parsed).success).toBe(true)
  })

  test('a price', async () => {
    const { id, usage } = await client.chat.completions.create({ model: 'demo/priced', messages: [USER], max_tokens: 10 })
    expect(costOf(usage)).toBe(100_000 + 1000 * (usage?.prompt_tokens ?? 0) + 2000 * (usage?.completion_tokens ?? 0))
    expect(nanoOf((await stage.generation(id))['total_cost'])).toBe(costOf(usage))
  })

  test('an error in mid-stream is thrown', async () => {
    const stream = await client.chat.completions.create({ model: 'demo/writer?fail=503&fail_after=5', messages: [USER], stream: true })
    const deltas: string[] = []
    const failure = await failureOf((async () => { for await (const chunk of stream) deltas.push(chunk.choices[0]?.delta.content ?? '') })())
    expect(deltas.join('').length).toBeGreaterThan(0)
    expect(failure).toMatchObject({ code: 503 })
  })
})

describe('what openai makes of our errors', () => {
  const ask = (model: string, with_: OpenAI = client): Promise<InstanceType<typeof OpenAI.APIError>> => failureOf(with_.chat.completions.create({ model, messages: [USER] }))

  test('400: an unknown model, with the nearest names', async () => {
    const failure = await ask('anthropic/claude-sonet-4.5')
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError)
    expect(failure).toMatchObject({ status: 400, code: 400 })
    expect(failure.message).toContain('anthropic/claude-sonnet-4.5')
  })

  test('400: a field that is wrong', async () => {
    const failure = await failureOf(client.chat.completions.create({ model: 'demo/echo', messages: [] }))
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError)
    expect(failure.message).toContain('messages')
  })

  test('401: no such key', async () => {
    const failure = await ask('demo/echo', client.withOptions({ apiKey: 'sk-sw-v1-nobody-has-this-one' }))
    expect(failure).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(failure.code as unknown).toBe(401)
  })

  test('402: a limit that is less than the call may cost', async () => {
    const failure = await ask('demo/priced', client.withOptions({ apiKey: stage.createKey('--limit', '0.001') }))
    expect(failure).toBeInstanceOf(OpenAI.APIError)
    expect(failure).toMatchObject({ status: 402, code: 402 })
    expect(failure.message).toContain('max_tokens')
  })

  test('403: a management key', async () => {
    expect(await ask('demo/echo', client.withOptions({ apiKey: stage.createKey('--management') }))).toBeInstanceOf(OpenAI.PermissionDeniedError)
  })

  test('404: a model that no provider with a credential serves', async () => {
    const failure = await ask('openai/gpt-4o')
    expect(failure).toBeInstanceOf(OpenAI.NotFoundError)
    expect(failure.message).toContain('OPENAI_API_KEY')
  })
})

test('the list of models', async () => {
  const ids: string[] = []
  for await (const model of client.models.list()) ids.push(model.id)
  expect(ids.length).toBeGreaterThan(300)
  for (const name of SIDES) expect(ids).toContain(stage.side(name).model)
})

test('one model, by its id', async () => {
  const { model } = stage.side('anthropic')
  expect(await client.models.retrieve(model)).toMatchObject({ id: model, object: 'model', owned_by: 'anthropic', created: expect.any(Number) as unknown })
  expect(await failureOf(client.models.retrieve('anthropic/claude-sonet-4.5'))).toMatchObject({ status: 404, message: expect.stringContaining('anthropic/claude-sonnet-4.5') as unknown })
})
