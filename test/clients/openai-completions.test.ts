import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import OpenAI from 'openai'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, QUESTION, SIDES, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** OpenAI's own package: its legacy completions, and chat as Cursor asks it. */

let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await openStage()
  client = new OpenAI({ baseURL: stage.baseUrl, apiKey: stage.gateway.key, maxRetries: 0 })
})
afterAll(() => stage.stop())

const costOf = (usage: object | null | undefined): number => nanoOf((usage as { cost?: number } | null | undefined)?.cost)

describe.each(SIDES)('completions against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('a plain answer, with its cost', async () => {
    side.provider.play(ANSWER_TURN)
    const answer = await client.completions.create({ model: side.model, prompt: QUESTION, max_tokens: 500 })
    expect(answer).toMatchObject({ object: 'text_completion', model: side.model, choices: [{ index: 0, text: ANSWER, finish_reason: 'stop', logprobs: null }], usage: { prompt_tokens: BILLED.prompt, completion_tokens: BILLED.completion } })
    expect(costOf(answer.usage)).toBe(costNano(name))
    expect(await stage.generation(answer.id)).toMatchObject({ id: answer.id, api_type: 'completions' })
    expect(side.provider.first().problems).toEqual([])
  })

  test('streamed', async () => {
    side.provider.play(ANSWER_TURN)
    const texts: string[] = []
    let cost = 0
    for await (const chunk of await client.completions.create({ model: side.model, prompt: [QUESTION], stream: true })) {
      texts.push(chunk.choices[0]?.text ?? '')
      if (chunk.usage) cost = costOf(chunk.usage)
    }
    expect([texts.join(''), cost]).toEqual([ANSWER, costNano(name)])
  })

  test('what the provider was told, in the first chunk, where the client debugs', async () => {
    side.provider.play(ANSWER_TURN)
    // OpenAI's types do not know the contract's own fields.
    const asked = { model: side.model, prompt: QUESTION, stream: true, debug: { echo_upstream_body: true } } as OpenAI.CompletionCreateParamsStreaming
    const chunks: (OpenAI.Completion & { debug?: object })[] = []
    for await (const chunk of await client.completions.create(asked)) chunks.push(chunk)
    expect(chunks.flatMap((chunk, at) => (chunk.debug ? [[at, chunk.choices.length]] : []))).toEqual([[0, 0]])
  })

  test('a client that leaves takes the provider call with it', async () => {
    side.provider.play({ text: ANSWER, ends: 'hanging' })
    const stream = await client.completions.create({ model: side.model, prompt: QUESTION, stream: true })
    for await (const _ of stream) break
    await side.provider.first().left
  })

  test("Cursor's flat tools are tools, in a question and in what was said", async () => {
    const cursor = new OpenAI({ baseURL: `${stage.baseUrl}/cursor`, apiKey: stage.gateway.key, maxRetries: 0 })
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    // Flat, as Cursor has them; OpenAI's types are of the nested form.
    const tools = [{ type: 'function', name: 'get_weather', description: 'The weather now', parameters: { type: 'object', properties: { city: { type: 'string' } } } }] as unknown as OpenAI.ChatCompletionTool[]
    const first = await cursor.chat.completions.create({ model: side.model, messages: [{ role: 'user', content: QUESTION }], tools, tool_choice: { type: 'function', name: 'get_weather' } as unknown as OpenAI.ChatCompletionToolChoiceOption })
    const calls = (first.choices[0]?.message.tool_calls ?? []).filter((call) => call.type === 'function')
    expect(calls.map((call) => call.function.name)).toEqual(CALLS.map((call) => call.name))
    const flat = calls.map((call) => ({ id: call.id, type: 'function', ...call.function })) as unknown as OpenAI.ChatCompletionMessageToolCall[]
    const results = calls.map((call) => ({ role: 'tool', tool_call_id: call.id, content: 'fine' }) as const)
    const second = await cursor.chat.completions.create({ model: side.model, messages: [{ role: 'user', content: QUESTION }, { role: 'assistant', content: null, tool_calls: flat }, ...results], tools })
    expect(second.choices[0]?.message.content).toBe(ANSWER)
    expect(side.provider.seen().map((request) => [request.problems, request.heard.tools])).toEqual([[[], ['get_weather']], [[], ['get_weather']]])
    expect(side.provider.seen()[1]?.heard.calls).toHaveLength(2)
  })
})

test("below Cursor's base URL there is the list of models too", async () => {
  const cursor = new OpenAI({ baseURL: `${stage.baseUrl}/cursor`, apiKey: stage.gateway.key })
  expect((await cursor.models.list()).data.length).toBeGreaterThan(300)
})

describe('completions against the demo', () => {
  test('logprobs in the old form, of several choices', async () => {
    const prompt = 'Once upon'
    const { choices } = await client.completions.create({ model: 'demo/writer', prompt, n: 2, logprobs: 2, max_tokens: 6 })
    expect(choices.map((choice) => choice.finish_reason)).toEqual(['length', 'length'])
    for (const { text, logprobs } of choices) {
      expect(logprobs?.tokens?.join('')).toBe(text)
      expect(logprobs?.text_offset?.[0]).toBe(prompt.length)
      expect(Object.keys(logprobs?.top_logprobs?.[0] ?? {})).toHaveLength(2)
    }
    const streamed: string[] = []
    const offsets: number[] = []
    for await (const chunk of await client.completions.create({ model: 'demo/writer', prompt, logprobs: 0, max_tokens: 6, stream: true })) {
      streamed.push(...(chunk.choices[0]?.logprobs?.tokens ?? []))
      offsets.push(...(chunk.choices[0]?.logprobs?.text_offset ?? []))
    }
    expect([streamed.join(''), offsets]).toEqual([choices[0]?.text ?? '', choices[0]?.logprobs?.text_offset ?? []])
  })

  test('the prompt before the answer, where echo asks for it', async () => {
    const asked = { model: 'demo/writer', prompt: 'Once upon', echo: true, max_tokens: 6 }
    const whole = (await client.completions.create(asked)).choices[0]?.text
    let streamed = ''
    for await (const chunk of await client.completions.create({ ...asked, stream: true })) streamed += chunk.choices[0]?.text ?? ''
    expect(whole).toStartWith('Once upon')
    expect(streamed).toBe(whole ?? '')
  })

  test('several prompts: the choices of each in their order, paid together, a record for each', async () => {
    const prompt = ['Once upon', 'Twice', 'Never']
    const asked = { model: 'demo/echo', prompt, n: 2, echo: true }
    const answer = await client.completions.create(asked)
    const texts = answer.choices.map((choice) => choice.text)
    expect(answer.choices.map((choice) => [choice.index, choice.finish_reason])).toEqual([0, 1, 2, 3, 4, 5].map((index) => [index, 'stop']))
    prompt.forEach((one, at) => { for (const text of texts.slice(2 * at, 2 * at + 2)) expect(text).toStartWith(one + one) })
    const records = await Promise.all(['', '-1', '-2'].map((end) => stage.generation(answer.id + end)))
    expect(records.reduce((sum, record) => sum + Number(record['tokens_completion']), 0)).toBe(answer.usage?.completion_tokens ?? 0)
    expect(records.reduce((sum, record) => sum + Number(record['tokens_prompt']), 0)).toBe(answer.usage?.prompt_tokens ?? 0)

    const streamed: string[] = texts.map(() => '')
    let usage: unknown
    for await (const chunk of await client.completions.create({ ...asked, stream: true })) {
      for (const { index, text } of chunk.choices) streamed[index] += text
      usage = chunk.usage ?? usage
    }
    expect([streamed, usage]).toEqual([texts, answer.usage])
  })

  test('the best of several is the likeliest', async () => {
    const asked = { model: 'demo/writer', prompt: 'Once upon', max_tokens: 6 }
    const answer = await client.completions.create({ ...asked, n: 2, best_of: 4 })
    expect(answer.choices.map((choice) => [choice.index, choice.logprobs])).toEqual([[0, null], [1, null]])
    const one = await client.completions.create(asked)
    expect(answer.usage?.completion_tokens).toBe(4 * (one.usage?.completion_tokens ?? 0))
  })

  test('an error in mid-stream is thrown', async () => {
    const stream = await client.completions.create({ model: 'demo/writer?fail=503&fail_after=5', prompt: 'x', stream: true })
    const failure = await (async () => { for await (const _ of stream); })().then(() => undefined, (error: unknown) => error)
    expect(failure).toBeInstanceOf(OpenAI.APIError)
  })

  test.each([
    [{}, 'prompt'], [{ prompt: 7 }, 'prompt'], [{ prompt: [] }, 'prompt'], [{ prompt: ['a', 7.5] }, 'prompt'], [{ prompt: ['a', {}] }, 'prompt[1]'], [{ prompt: Array.from({ length: 33 }, () => 'a') }, 'prompt'], [{ prompt: ['a', 'b'], n: 100 }, 'prompt'], [{ prompt: [1, 2] }, 'prompt'], [{ prompt: [[1]] }, 'prompt'], [{ prompt: 'x', suffix: 'y' }, 'suffix'],
    [{ prompt: 'x', best_of: 3, stream: true }, 'best_of'], [{ prompt: 'x', n: 3, best_of: 2 }, 'best_of'], [{ prompt: 'x', n: 'x', best_of: 2 }, 'n'], [{ prompt: 'x', echo: 1 }, 'echo'], [{ prompt: 'x', logprobs: 9 }, 'logprobs'], [{ prompt: 'x', logprobs: 1, echo: true }, 'echo'], [{ messages: [] }, 'messages'], [{ prompt: 'x', temperature: 3 }, 'temperature'],
  ])('400: %j is wrong at %s', async (body, field) => {
    const response = await stage.gateway.api('/completions', { model: 'demo/echo', ...body })
    const { error } = await response.json() as { error: { message: string; metadata: { field: string } } }
    expect([response.status, error.message.slice(0, field.length + 1), error.metadata.field]).toEqual([400, `${field}:`, field])
  })
})
