import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import OpenAI from 'openai'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, openStage, QUESTION, RESULTS, SIDES, type Side, type Stage } from './stage.ts'

setDefaultTimeout(60_000)

/** Cursor is OpenAI's package with another base URL, and tools that are not nested. */

let stage: Stage
let client: OpenAI
beforeAll(async () => {
  stage = await openStage()
  client = new OpenAI({ baseURL: `${stage.baseUrl}/cursor`, apiKey: stage.gateway.key, maxRetries: 0 })
})
afterAll(() => stage.stop())

const SCHEMA = { type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } }, required: ['city'] }
const TOOLS = [
  { type: 'function', name: 'get_weather', description: 'The weather now', parameters: SCHEMA },
  { name: 'get_time', description: 'The time now', input_schema: SCHEMA },
]
// What Cursor sends is not what the package's types say.
const asTools = TOOLS as unknown as OpenAI.ChatCompletionTool[]

describe.each(SIDES)('A29: Cursor against a provider that speaks %s', (name) => {
  let side: Side
  beforeAll(() => { side = stage.side(name) })

  test('flat tools reach the model, its calls the client, and their results the model', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const question = { role: 'user', content: QUESTION } as const
    const first = await client.chat.completions.create({ model: side.model, messages: [question], tools: asTools })
    const message = first.choices[0]?.message
    const calls = (message?.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []))
    expect(first.choices[0]?.finish_reason).toBe('tool_calls')
    expect(calls.map((call) => JSON.parse(call.function.arguments) as unknown)).toEqual(CALLS.map((call) => call.arguments))
    const results = calls.map((call, at) => ({ role: 'tool', tool_call_id: call.id, content: RESULTS[CALLS[at]?.arguments.city ?? ''] ?? '' }) as const)
    const flat = { role: 'assistant', content: null, tool_calls: calls.map((call) => ({ id: call.id, type: 'function', name: call.function.name, arguments: call.function.arguments })) } as unknown as OpenAI.ChatCompletionMessageParam
    const second = await client.chat.completions.create({ model: side.model, messages: [question, flat, ...results], tools: asTools })
    expect(second.choices[0]?.message.content).toBe(ANSWER)
    for (const request of side.provider.seen()) expect(request).toMatchObject({ problems: [], heard: { tools: ['get_weather', 'get_time'] } })
    expect(side.provider.seen()[1]?.heard).toMatchObject({ calls: CALLS.map((call) => ({ name: call.name, arguments: call.arguments })), results: Object.values(RESULTS) })
  })

  test('a request of the Responses API sent to chat is answered as chat', async () => {
    side.provider.play(CALLS_TURN, ANSWER_TURN)
    const send = async (input: readonly object[]) => {
      const body = { model: side.model, instructions: 'Be brief.', input, tools: TOOLS, tool_choice: 'auto', max_output_tokens: 900, store: false, stream: false, include: ['reasoning.encrypted_content'] }
      return await client.post<OpenAI.ChatCompletion>('/chat/completions', { body })
    }
    const question = { role: 'user', content: [{ type: 'input_text', text: QUESTION }] }
    const first = await send([question])
    expect(first.object).toBe('chat.completion')
    const made = (first.choices[0]?.message.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []))
    expect(made.map((call) => JSON.parse(call.function.arguments) as unknown)).toEqual(CALLS.map((call) => call.arguments))
    const asked = made.map((call) => ({ type: 'function_call', call_id: call.id, ...call.function }))
    const results = made.map((call, at) => ({ type: 'function_call_output', call_id: call.id, output: RESULTS[CALLS[at]?.arguments.city ?? ''] ?? '' }))
    const second = await send([question, ...asked, ...results])
    expect(second.choices[0]?.message.content).toBe(ANSWER)
    for (const request of side.provider.seen()) expect(request).toMatchObject({ problems: [], heard: { tools: ['get_weather', 'get_time'] } })
  })
})
