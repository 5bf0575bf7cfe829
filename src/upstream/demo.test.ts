import { describe, expect, test } from 'bun:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { isObject, type Json, type JsonObject } from '../core/json.ts'
import { SseParser, type Frame } from '../lib/sse.ts'
import { demoFetch } from './demo.ts'

const never = new AbortController().signal

function ask(body: JsonObject, signal = never): Promise<Response> {
  return demoFetch('/chat/completions', { body: JSON.stringify(body), signal })
}

function said(text: string, rest: JsonObject = {}): JsonObject {
  return { model: 'writer', messages: [{ role: 'user', content: text }], ...rest }
}

interface Reply {
  readonly id: string
  readonly choices: readonly [Choice, ...Choice[]]
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number; readonly completion_tokens_details: { readonly reasoning_tokens: number } }
}

interface Choice {
  readonly finish_reason: string
  readonly message: { readonly content: string; readonly reasoning_content?: string; readonly tool_calls?: readonly { readonly function: { readonly name: string; readonly arguments: string } }[] }
  readonly logprobs: { readonly content: readonly { readonly token: string; readonly top_logprobs: readonly { readonly token: string }[] }[] } | null
}

async function reply(body: JsonObject): Promise<Reply> {
  const response = await ask(body)
  expect(response.status).toBe(200)
  // The shape is what the tests are about: where it differs they fail.
  return (await response.json()) as Reply
}

async function frames(body: JsonObject, signal?: AbortSignal): Promise<Frame[]> {
  const response = await ask({ stream: true, ...body }, signal)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const parser = new SseParser(1_000_000)
  const out: Frame[] = []
  // A Response with a status of 200 from a stream always has a body.
  for await (const bytes of response.body as ReadableStream<Uint8Array>) parser.push(bytes, out)
  parser.end(out)
  return out
}

/** Streamed text, arguments, reasoning and finish of a choice. */
function folded(list: readonly Frame[], choice = 0): { text: string; reasoning: string; arguments: string[]; names: string[]; finish: string | null; usage: Json | undefined; done: boolean } {
  const out = { text: '', reasoning: '', arguments: [] as string[], names: [] as string[], finish: null as string | null, usage: undefined as Json | undefined, done: false }
  for (const { data } of list) {
    if (data === '[DONE]') { out.done = true; continue }
    const body = JSON.parse(data)
    if (body.usage) out.usage = body.usage
    for (const item of body.choices ?? []) {
      if (item.index !== choice) continue
      out.text += item.delta.content ?? ''
      out.reasoning += item.delta.reasoning_content ?? ''
      for (const call of item.delta.tool_calls ?? []) {
        out.arguments[call.index] = (out.arguments[call.index] ?? '') + call.function.arguments
        if (call.function.name) out.names[call.index] = call.function.name
      }
      out.finish = item.finish_reason ?? out.finish
    }
  }
  return out
}

const WEATHER = { type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1, maximum: 10 }, unit: { enum: ['celsius', 'fahrenheit'] } }, required: ['city', 'days', 'unit'] } } }
const SEARCH = { type: 'function', function: { name: 'searchTrains', parameters: { type: 'object', properties: { from: { type: 'string' } }, required: ['from'] } } }

describe('plain answers', () => {
  test('echo says the last user message and that it is a demo', async () => {
    const body = await reply({ model: 'echo', messages: [{ role: 'user', content: 'first' }, { role: 'assistant', content: 'x' }, { role: 'user', content: [{ type: 'text', text: 'Grüße 🚂' }, { type: 'image_url', image_url: { url: 'data:' } }] }] })
    expect(body.choices[0].message.content).toStartWith('Grüße 🚂\n[1 attached]')
    expect(body.choices[0].message.content).toContain('demo')
    expect(body.choices[0].finish_reason).toBe('stop')
    expect(body.usage.total_tokens).toBe(body.usage.prompt_tokens + body.usage.completion_tokens)
    expect(body.usage.prompt_tokens).toBeGreaterThan(85)
  })

  test('the same request gets the same answer, streamed or not', async () => {
    for (const model of ['echo', 'writer', 'reasoner', 'priced']) {
      const whole = await reply(said('tell me of trains', { model }))
      const stream = folded(await frames(said('tell me of trains', { model: `${model}?speed=0`, stream_options: { include_usage: true } })))
      expect(stream.text).toBe(whole.choices[0].message.content)
      expect(stream.reasoning).toBe(whole.choices[0].message.reasoning_content ?? '')
      expect(stream.usage).toEqual(whole.usage)
      expect(stream).toMatchObject({ finish: 'stop', done: true })
      expect(await reply(said('tell me of trains', { model }))).toMatchObject({ choices: whole.choices, id: whole.id })
    }
  })

  test('counts when it is asked to', async () => {
    const { text } = folded(await frames(said('Please count to 200 [demo: speed=0]')))
    expect(text).toStartWith(Array.from({ length: 200 }, (_, index) => index + 1).join(' '))
    expect((await reply(said('count from 7 to 9'))).choices[0].message.content).toStartWith('7 8 9\n')
  })

  test('writes as long as it is asked to', async () => {
    const words = (await reply(said('write 500 words'))).choices[0].message.content.split(/\s+/).length
    expect(words).toBeGreaterThanOrEqual(500)
    expect(words).toBeLessThan(530)
    for (const model of ['writer', 'echo', 'reasoner?tokens=321']) {
      const { usage } = await reply(said('hi [demo: tokens=321]', { model, reasoning_effort: 'none' }))
      expect(usage.completion_tokens).toBe(321)
    }
  })

  test('reasons first, as much as the effort asks, and counts it', async () => {
    const low = await reply(said('why?', { model: 'reasoner', reasoning_effort: 'low' }))
    const high = await reply(said('why?', { model: 'reasoner', reasoning_effort: 'high' }))
    const none = await reply(said('why?', { model: 'reasoner', reasoning_effort: 'none' }))
    expect(high.usage.completion_tokens_details.reasoning_tokens).toBeGreaterThan(low.usage.completion_tokens_details.reasoning_tokens)
    expect(none.choices[0].message).not.toHaveProperty('reasoning_content')
    const kinds = (await frames(said('why?', { model: 'reasoner?speed=0' }))).slice(1, -2).map(({ data }) => Object.keys(JSON.parse(data).choices[0].delta)[0])
    expect(kinds.lastIndexOf('reasoning_content')).toBeLessThan(kinds.indexOf('content'))
  })
})

describe('limits', () => {
  test('max_tokens cuts and says so', async () => {
    const body = await reply(said('write', { max_tokens: 5 }))
    expect(body).toMatchObject({ usage: { completion_tokens: 5 }, choices: [{ finish_reason: 'length' }] })
    expect(await reply(said('write', { max_completion_tokens: 3, model: 'reasoner' }))).toMatchObject({ usage: { completion_tokens: 3, completion_tokens_details: { reasoning_tokens: 3 } }, choices: [{ finish_reason: 'length', message: { content: '' } }] })
  })

  test('stop sequences end the text before them', async () => {
    const body = await reply(said('count to 50', { stop: [' 13', ' 12'] }))
    expect(body.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '1 2 3 4 5 6 7 8 9 10 11' } })
  })

  test('n choices, each whole, in turns', async () => {
    const list = await frames(said('write', { model: 'writer?speed=0', n: 3 }))
    const texts = [0, 1, 2].map((choice) => folded(list, choice).text)
    expect(new Set(texts).size).toBe(3)
    const whole = await reply(said('write', { n: 3 }))
    expect(whole.choices.map((choice) => choice.message.content)).toEqual(texts)
  })

  test('logprobs for each token when asked', async () => {
    const body = await reply(said('count to 3', { logprobs: true, top_logprobs: 2 }))
    const content = body.choices[0].logprobs?.content ?? []
    expect(content.map((entry) => entry.token).join('')).toBe(body.choices[0].message.content)
    expect(content[0]?.top_logprobs.map(({ token }) => token)).toEqual([content[0]?.token ?? '', ' demo1'])
    expect((await reply(said('count to 3'))).choices[0].logprobs).toBeNull()
  })
})

describe('tools', () => {
  test('calls the tool that the prompt is about, with arguments from its schema', async () => {
    const body = await reply(said('What is the weather in Oslo for the next 3 days, in fahrenheit?', { tools: [SEARCH, WEATHER] }))
    const called = body.choices[0].message.tool_calls?.[0]?.function
    expect(body.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    expect(called?.name).toBe('get_weather')
    expect(JSON.parse(called?.arguments ?? '')).toEqual({ city: 'Oslo', days: 3, unit: 'fahrenheit' })
  })

  test('streams several calls, each with its own id', async () => {
    const list = await frames(said('use get_weather and searchTrains', { model: 'writer?speed=0', tools: [SEARCH, WEATHER] }))
    const all = folded(list)
    expect(all.names).toEqual(['searchTrains', 'get_weather'])
    expect(all.arguments.map((text) => typeof JSON.parse(text))).toEqual(['object', 'object'])
    expect(all.finish).toBe('tool_calls')
    const ids = list.flatMap(({ data }) => (data === '[DONE]' ? [] : (JSON.parse(data).choices[0]?.delta.tool_calls ?? []))).map((call) => call.id).filter(Boolean)
    expect(new Set(ids).size).toBe(2)
  })

  test('obeys tool_choice and parallel_tool_calls', async () => {
    const names = async (text: string, rest: JsonObject): Promise<string[]> => ((await reply(said(text, { tools: [SEARCH, WEATHER], ...rest }))).choices[0].message.tool_calls ?? []).map((call) => call.function.name)
    expect(await names('hello', {})).toEqual([])
    expect(await names('please use a tool', {})).toEqual(['searchTrains'])
    expect(await names('hello', { tool_choice: 'required' })).toEqual(['searchTrains'])
    expect(await names('hello', { tool_choice: { type: 'function', function: { name: 'get_weather' } } })).toEqual(['get_weather'])
    expect(await names('use get_weather', { tool_choice: 'none' })).toEqual([])
    expect(await names('use get_weather and searchTrains', { parallel_tool_calls: false })).toEqual(['searchTrains'])
  })

  test('answers with what the tool said', async () => {
    const body = await reply({
      model: 'writer', tools: [WEATHER], tool_choice: 'required',
      messages: [{ role: 'user', content: 'weather?' }, { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 'c1', content: '12 °C, rain' }],
    })
    expect(body.choices[0].message.content).toStartWith('get_weather says: 12 °C, rain')
    expect(body.choices[0].finish_reason).toBe('stop')
  })
})

describe('structured answers', () => {
  const schemas: Record<string, JsonObject> = {
    person: { type: 'object', additionalProperties: false, required: ['name', 'age', 'mail', 'tags', 'home'], properties: { name: { type: 'string', minLength: 3, maxLength: 12 }, age: { type: 'integer', minimum: 18, exclusiveMaximum: 20 }, mail: { type: 'string', format: 'email' }, tags: { type: 'array', items: { enum: ['a', 'b', 'c'] }, minItems: 3, maxItems: 3, uniqueItems: true }, home: { $ref: '#/$defs/home' } }, $defs: { home: { type: 'object', required: ['geo'], properties: { geo: { type: 'array', prefixItems: [{ type: 'number', minimum: -90, maximum: 90 }, { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }], items: false } } } } },
    tree: { $ref: '#/$defs/node', $defs: { node: { type: 'object', required: ['value', 'children', 'next'], properties: { value: { type: 'number', multipleOf: 0.5, minimum: 2.2 }, children: { type: 'array', items: { $ref: '#/$defs/node' } }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } } } } },
    union: { anyOf: [{ type: 'null' }, { type: 'object', required: ['kind', 'radius'], properties: { kind: { const: 'circle' }, radius: { type: ['number', 'null'], exclusiveMinimum: 3 } } }] },
    all: { allOf: [{ type: 'object', required: ['a'], properties: { a: { type: 'integer', multipleOf: 7, minimum: 50, maximum: 60 } } }, { required: ['b'], properties: { b: { oneOf: [{ type: 'boolean' }, { type: 'string' }] } } }] },
    patterns: { type: 'object', required: ['code', 'plate', 'hex', 'slug'], properties: { code: { type: 'string', pattern: '^[A-Z]{2}-\\d{4,6}$' }, plate: { type: 'string', pattern: '^(?:AB|CD)\\s?[0-9a-f]+$' }, hex: { type: 'string', pattern: '^#?[a-fA-F0-9]{6}$', minLength: 6 }, slug: { type: 'string', pattern: '^[a-z]+(-[a-z0-9]+)*$', minLength: 20 } } },
    record: { type: 'object', minProperties: 3, additionalProperties: { type: 'array', minItems: 1, items: { type: 'boolean' } } },
    optional: { type: 'object', properties: { when: { type: 'string', format: 'date-time' }, list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', maximum: -4 } } } } } },
    numbers: { type: 'array', items: { type: 'number' }, minItems: 5, uniqueItems: true },
  }

  for (const [name, schema] of Object.entries(schemas)) {
    test(`${name}: valid, streamed and not`, async () => {
      const format = { response_format: { type: 'json_schema', json_schema: { name, strict: true, schema } } }
      const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
      for (const prompt of ['make one', 'the numbers 19, 56, 4.5 and 700000 for Ada Lovelace, “b” or circle']) {
        const value = JSON.parse((await reply(said(prompt, format))).choices[0].message.content)
        expect({ value, errors: validate(value) ? [] : validate.errors }).toEqual({ value, errors: [] })
        expect(JSON.parse(folded(await frames(said(prompt, { model: 'writer?speed=0', ...format }))).text)).toEqual(value)
      }
    })
  }

  test('json_object gives an object', async () => {
    expect(isObject(JSON.parse((await reply(said('x', { response_format: { type: 'json_object' } }))).choices[0].message.content))).toBe(true)
  })

  test('schemas that never end, and patterns that explode, come to an end', async () => {
    const node = { type: 'object', required: ['a', 'b'], properties: { a: { $ref: '#/$defs/n' }, b: { $ref: '#/$defs/n' } } }
    const bad: JsonObject[] = [
      { $ref: '#/$defs/n', $defs: { n: node } }, { $ref: '#' }, { $ref: '#/$defs/missing' }, { type: 'string', pattern: '(((a{999}){999}){999}){999}' },
      { type: 'string', pattern: '(a+)+$', minLength: 40 }, { type: 'string', pattern: '([' }, { type: 'string', pattern: '\\p{Nonsense}' }, { type: 'string', minLength: 1e9, maxLength: 1e9 },
      { type: 'array', minItems: 1e9, items: { type: 'array', minItems: 1e9 } }, { type: 'object', minProperties: 1e9 }, { type: 'number', minimum: 5, maximum: 3 }, { type: 'string', pattern: '('.repeat(5000) },
    ]
    for (const schema of bad) expect((await ask(said('x', { response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } }))).status).toBe(200)
  })
})

describe('failures on demand', () => {
  test('a status, by slug or prompt', async () => {
    const bySlug = await ask(said('hi', { model: 'writer?fail=503' }))
    expect(bySlug.status).toBe(503)
    expect(await bySlug.json()).toMatchObject({ error: { code: 503 } })
    const byPrompt = await ask(said('hi [demo: fail=429]', { stream: true, model: 'writer?fail=500' }))
    expect([byPrompt.status, byPrompt.headers.get('retry-after')]).toEqual([429, '1'])
  })

  test('a share of the calls, spread evenly', async () => {
    const statuses: number[] = []
    for (let index = 0; index < 20; index++) statuses.push((await ask(said('hi', { model: 'writer?fail=503&rate=0.25' }))).status)
    expect(statuses.filter((status) => status === 503)).toHaveLength(5)
  })

  test('an error event after n pieces', async () => {
    const list = await frames(said('hi', { model: 'writer?fail_after=4&speed=0' }))
    expect(list).toHaveLength(6)
    expect(JSON.parse(list.at(-1)?.data ?? '')).toMatchObject({ error: { code: 500 } })
    expect(JSON.parse((await frames(said('hi [demo: fail_after=1 fail=429 speed=0]'))).at(-1)?.data ?? '')).toMatchObject({ error: { code: 429 } })
    expect((await ask(said('hi', { model: 'writer?fail_after=4' }))).status).toBe(500)
  })

  test('a cut stream has no finish, a cut reply is half a JSON', async () => {
    const list = await frames(said('hi', { model: 'writer?cut_after=3&speed=0' }))
    expect(list).toHaveLength(4)
    expect(folded(list)).toMatchObject({ finish: null, done: false })
    const text = await (await ask(said('hi', { model: 'writer?cut_after=3' }))).text()
    expect(() => JSON.parse(text)).toThrow()
  })

  test('a stall ends when the caller leaves: before the head, and in the stream', async () => {
    const early = new AbortController()
    const waiting = ask(said('hi', { model: 'writer?stall=3600000' }), early.signal)
    early.abort(new Error('left'))
    await expect(waiting).rejects.toThrow('left')

    const late = new AbortController()
    const response = await ask(said('hi', { model: 'writer?stall_after=2&speed=0', stream: true }), late.signal)
    // A streamed answer has a body.
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value).match(/^data:/gm)).toHaveLength(3)
    const next = reader.read()
    late.abort(new Error('left'))
    await expect(next).rejects.toThrow('left')
  })

  test('a speed holds tokens back', async () => {
    const left = new AbortController()
    const response = await ask(said('hi', { model: 'writer?speed=0.001', stream: true }), left.signal)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const text = new TextDecoder().decode((await reader.read()).value)
    const next = reader.read()
    left.abort(new Error('left'))
    await expect(next).rejects.toThrow('left')
    // The role and the first token; the second is due after a thousand seconds.
    expect(text.match(/^data:/gm)).toHaveLength(2)
  })

  test('a reader that cancels ends the stream', async () => {
    const response = await ask(said('hi', { model: 'writer?first=3600000', stream: true }))
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel()
    expect((await reader.read()).done).toBe(true)
  })

  test('a short stall goes on', async () => {
    expect(folded(await frames(said('hi', { model: 'writer?stall_after=2&stall=5&first=5&speed=0' })))).toMatchObject({ finish: 'stop', done: true })
    expect((await ask(said('hi', { model: 'writer?stall=5' }))).status).toBe(200)
  })

  test('unknown controls and values are named', async () => {
    for (const [model, part] of [['writer?fial=1', '`fial`'], ['writer?fail=20', 'from 400 to 599'], ['writer?rate=2', 'from 0 to 1'], ['writer?fail', '`fail`'], ['writer?__proto__=1', '`__proto__`']] as const) {
      const response = await ask(said('hi', { model }))
      expect(response.status).toBe(400)
      expect(await response.text()).toContain(part)
    }
  })
})

describe('bad requests', () => {
  test('are refused as a provider would', async () => {
    expect((await demoFetch('/chat/completions', { body: '{', signal: never })).status).toBe(400)
    expect((await ask({ model: 'writer', messages: [] })).status).toBe(400)
    expect((await ask(said('x', { model: 'gpt-4' }))).status).toBe(404)
    expect((await demoFetch('/images', { body: '{}', signal: never })).status).toBe(404)
    expect(await (await demoFetch('/models', { signal: never })).json()).toMatchObject({ data: [{ id: 'echo' }, { id: 'writer' }, { id: 'reasoner' }, { id: 'priced' }, { id: 'embedder' }] })
  })

  test('odd shapes do not break it', async () => {
    for (const rest of [{ messages: [null, 1, 'x'] }, { messages: [{ role: 'user', content: 7 }] }, { tools: 'x' }, { tools: [{ type: 'custom' }, null] }, { stop: [1, ''] }, { n: -4 }, { n: 1e9, max_tokens: 1 }, { max_tokens: 0 }, { response_format: 'json' }]) {
      expect((await ask(said('x', rest as JsonObject))).status).toBe(200)
    }
  })

  test('a prompt made to be slow is not', async () => {
    for (const text of ['[demo:'.repeat(200_000), `count${' '.repeat(500_000)}`, 'A '.repeat(300_000), '9 '.repeat(300_000)]) {
      expect((await ask(said(text, { tools: [WEATHER], response_format: { type: 'json_object' } }))).status).toBe(200)
    }
  })
})
