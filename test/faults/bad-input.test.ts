import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect } from 'node:net'
import { parseObject, type Json, type JsonObject } from '../../src/core/json.ts'
import { problemsOfError } from '../openapi.ts'
import { listOf, objectOf } from '../replay/meaning.ts'
import { startGateway, type Gateway } from '../server.ts'
import { hasShared } from '../shared.ts'

/** What clients send by mistake or with intent: each gets the contract's error, which names the place and what to do. */

const MODEL = 'demo/echo'
const MB = 1 << 20
/** An error is a few sentences, however much was sent. */
const ERROR_CHARS_MAX = 4_000

let gateway: Gateway
beforeAll(async () => { gateway = await startGateway() }, 60_000)
afterAll(async () => { await gateway?.stop() })

const body = (more: JsonObject): JsonObject => ({ model: MODEL, messages: [{ role: 'user', content: 'hi' }], ...more })

function send(text: BodyInit, headers: Readonly<Record<string, string>> = {}, path = '/api/v1/chat/completions', method = 'POST'): Promise<Response> {
  return fetch(gateway.url + path, { method, headers: { 'authorization': `Bearer ${gateway.key}`, 'content-type': 'application/json', ...headers }, ...(method === 'GET' || method === 'HEAD' ? {} : { body: text }) })
}

/** Checks the envelope and gives the error object. */
async function errorOf(response: Response, status: number): Promise<{ readonly message: string; readonly field: unknown }> {
  const text = await response.text()
  const parsed = parseObject(text) ?? {}
  const error = objectOf(parsed['error'])
  expect({ status: response.status, code: error['code'] }, text.slice(0, 500)).toEqual({ status, code: status })
  if (hasShared) expect(problemsOfError(parsed)).toEqual([])
  expect(text.length).toBeLessThan(ERROR_CHARS_MAX)
  return { message: String(error['message']), field: objectOf(error['metadata'])['field'] }
}

describe('bodies that are no JSON object', () => {
  const deep = (levels: number): string => `{"model":"${MODEL}","messages":${'['.repeat(levels)}${']'.repeat(levels)}}`
  const cases: readonly (readonly [name: string, text: BodyInit, says: RegExp])[] = [
    ['nothing', '', /empty/],
    ['half an object', '{"model": "demo/echo", "messages": [', /not valid JSON/],
    ['single quotes', "{'model': 'demo/echo'}", /not valid JSON/],
    ['a trailing comma', '{"model": "demo/echo",}', /not valid JSON/],
    ['two objects', '{}{}', /not valid JSON/],
    ['an array', '[]', /must be a JSON object, not an array/],
    ['a string', '"hello"', /must be a JSON object, not a string/],
    ['null', 'null', /must be a JSON object, not null/],
    ['bad UTF-8', new Uint8Array([...new TextEncoder().encode('{"model":"'), 0xc3, 0x28, 0xff, ...new TextEncoder().encode('"}')]), /not UTF-8/],
    ['UTF-16', new Uint8Array(Buffer.from('\ufeff{"model":"x"}', 'utf16le')), /UTF-8|not valid JSON/],
    ['a form', 'model=demo%2Fecho&prompt=hi', /not valid JSON/],
    ['1,000 levels', deep(1_000), /nested deeper than \d+ levels/],
    ['200,000 levels', deep(200_000), /nested deeper than \d+ levels|not valid JSON/],
    ['half of 200,000 levels', deep(200_000).slice(0, 200_000), /not valid JSON|nested deeper/],
  ]
  for (const [name, text, says] of cases) test(name, async () => expect((await errorOf(await send(text), 400)).message).toMatch(says))

  test('a key twice is named', async () => {
    const error = await errorOf(await send(`{"model":"${MODEL}","messages":[{"role":"user","content":"a"}],"temperature":0,"temperature":2}`), 400)
    expect(error.message).toContain('"temperature" stands twice')
    expect(error.field).toBe('temperature')
  })
})

describe('fields of the wrong type', () => {
  const message = (more: JsonObject): JsonObject => ({ messages: [{ role: 'user', content: 'hi', ...more }] })
  const cases: readonly (readonly [field: string, wrong: JsonObject])[] = [
    ['model', { model: 5 }], ['model', { model: '' }], ['model', { model: ['demo/echo'] }],
    ['models', { models: 'demo/echo' }], ['models[1]', { models: [MODEL, 5] }],
    ['messages', { messages: 'hi' }], ['messages', { messages: {} }], ['messages', { messages: [] }],
    ['messages[0]', { messages: ['hi'] }], ['messages[0].role', message({ role: 'robot' })], ['messages[0].role', { messages: [{ content: 'hi' }] }],
    ['messages[0].content', message({ content: 5 })], ['messages[0].content[0]', message({ content: ['hi'] })], ['messages[0].content[0].text', message({ content: [{ type: 'text', text: 5 }] })],
    ['messages[0].content[0].image_url', message({ content: [{ type: 'image_url' }] })],
    ['messages[1].tool_calls', { messages: [{ role: 'user', content: 'a' }, { role: 'assistant', content: null, tool_calls: 'x' }] }],
    ['messages[0].tool_call_id', { messages: [{ role: 'tool', content: 'x' }] }],
    ['temperature', { temperature: 'hot' }], ['temperature', { temperature: 3 }], ['top_p', { top_p: 2 }], ['top_k', { top_k: -1 }],
    ['frequency_penalty', { frequency_penalty: 9 }], ['presence_penalty', { presence_penalty: 'x' }], ['repetition_penalty', { repetition_penalty: -1 }], ['min_p', { min_p: 2 }],
    ['max_tokens', { max_tokens: 'many' }], ['max_tokens', { max_tokens: -1 }], ['max_tokens', { max_tokens: 1.5 }], ['max_completion_tokens', { max_completion_tokens: {} }],
    ['n', { n: 'x' }], ['stream', { stream: 'yes' }], ['seed', { seed: 'x' }], ['stop', { stop: 5 }], ['logit_bias', { logit_bias: [] }],
    ['logprobs', { logprobs: 'x' }], ['top_logprobs', { logprobs: true, top_logprobs: 30 }], ['top_logprobs', { top_logprobs: 3 }],
    ['tools', { tools: 'x' }], ['tools[0]', { tools: ['x'] }], ['tools[0].function', { tools: [{ type: 'function' }] }], ['tools[0].function.name', { tools: [{ type: 'function', function: { name: 5 } }] }],
    ['tool_choice', { tool_choice: 5 }], ['response_format', { response_format: 'json' }], ['parallel_tool_calls', { parallel_tool_calls: 'x' }],
    ['reasoning', { reasoning: 5 }], ['reasoning.effort', { reasoning: { effort: 'extreme' } }], ['reasoning.max_tokens', { reasoning: { max_tokens: 'x' } }], ['reasoning_effort', { reasoning_effort: 5 }],
    ['provider', { provider: 5 }], ['provider.order', { provider: { order: 'demo' } }], ['provider.sort', { provider: { sort: 'luck' } }], ['provider.max_price', { provider: { max_price: 'cheap' } }],
    ['provider.allow_fallbacks', { provider: { allow_fallbacks: 'no' } }], ['provider.quantizations', { provider: { quantizations: 'int4' } }],
    ['user', { user: 5 }], ['session_id', { session_id: 'x'.repeat(300) }],
  ]
  for (const [field, wrong] of cases) {
    test(`${field}: ${JSON.stringify(wrong).slice(0, 80)}`, async () => {
      const error = await errorOf(await send(JSON.stringify(body(wrong))), 400)
      expect(String(error.field)).toStartWith(field)
      expect(error.message).toContain(field)
    })
  }

  test('model missing', async () => expect((await errorOf(await send(JSON.stringify({ messages: [{ role: 'user', content: 'hi' }] })), 400)).field).toBe('model'))
  test('messages missing', async () => expect((await errorOf(await send(JSON.stringify({ model: MODEL })), 400)).field).toBe('messages'))
  test('a number beyond all numbers', async () => expect((await errorOf(await send(`{"model":"${MODEL}","messages":[{"role":"user","content":"hi"}],"temperature":1e999}`), 400)).field).toBe('temperature'))
})

describe('models', () => {
  test('an unknown one gets the nearest names', async () => {
    const error = await errorOf(await send(JSON.stringify(body({ model: 'demo/ecko' }))), 400)
    expect(error.message).toMatch(/^demo\/ecko is not a valid model ID/)
    expect(error.message).toContain('demo/echo')
  })
  test('the name is not echoed without end', async () => { await errorOf(await send(JSON.stringify(body({ model: `demo/${'x'.repeat(MB)}` }))), 400) })
  test('a name is no path and no pattern', async () => {
    for (const model of ['../../etc/passwd', 'demo/%65cho', '__proto__/constructor', 'constructor', 'demo/echo\u0000', '<script>/x', "' OR 1=1 --"]) await errorOf(await send(JSON.stringify(body({ model }))), 400)
  })
})

describe('sizes', () => {
  test('50 MB get a 413 that names the limit', async () => {
    const error = await errorOf(await send(JSON.stringify(body({ user: 'x'.repeat(50 * MB) }))), 413)
    expect(error.message).toMatch(/limit of 33554432 bytes \(32 MB\)/)
  })
  test('so do 50 MB that come without a length', async () => {
    const piece = new Uint8Array(MB).fill(120)
    let left = 50
    const stream = new ReadableStream<Uint8Array>({ pull: (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close()) })
    expect((await errorOf(await send(stream), 413)).message).toMatch(/limit of 33554432 bytes/)
  })
  test('20 MB of text are read, and priced before they are sent', async () => {
    // Longer than the model's context: refused for that, not for its size.
    expect((await errorOf(await send(JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'word '.repeat(4 * MB) }] })), 400)).message).toMatch(/context/)
  })
  test('1,000 messages are an ordinary call', async () => {
    const messages = Array.from({ length: 1_000 }, (_, at) => ({ role: at % 2 === 0 ? 'user' : 'assistant', content: `message ${at}` }))
    const response = await send(JSON.stringify({ model: MODEL, messages: [...messages, { role: 'user', content: 'last' }] }))
    expect(response.status).toBe(200)
    // The shape is checked elsewhere; here it is enough that something came back.
    expect(listOf(parseObject(await response.text())?.['choices'])).toHaveLength(1)
  })
  test('a flood of headers is refused, also before the key is looked at', async () => {
    const flood = (count: number, length: number): string => Array.from({ length: count }, (_, at) => `x-flood-${at}: ${'y'.repeat(length)}\r\n`).join('')
    for (const headers of [flood(10_000, 10), flood(1, MB), flood(300, 1_000)]) {
      const answer = await raw(`POST /api/v1/chat/completions HTTP/1.1\r\nhost: x\r\n${headers}content-length: 2\r\n\r\n{}`)
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d |^$/)
    }
  })
})

describe('keys', () => {
  const good = JSON.stringify(body({}))
  const ways: readonly (readonly [name: string, headers: Readonly<Record<string, string>>, query: string, says: RegExp])[] = [
    ['no key', {}, '', /^Missing Authentication header: send the key as `Authorization: Bearer/],
    ['in the query', {}, '?key=KEY', /stands in the query/],
    ['in the query as api_key', {}, '?api_key=KEY', /stands in the query/],
    ['without "Bearer"', { authorization: 'KEY' }, '', /no bearer key.*Authorization: Bearer/],
    ['as basic', { authorization: `Basic ${btoa('user:pass')}` }, '', /no bearer key/],
    ['in a header of its own', { 'api-key': 'KEY' }, '', /Authorization: Bearer/],
    ['an unknown one', { authorization: `Bearer sk-sw-v1-${'0'.repeat(64)}` }, '', /No live key is like this/],
    ['an injection', { authorization: "Bearer ' OR '1'='1' --" }, '', /No live key is like this/],
    ['a long one', { authorization: `Bearer ${'x'.repeat(8_000)}` }, '', /No live key is like this/],
    ['an empty one', { authorization: 'Bearer ' }, '', /./],
  ]
  for (const [name, headers, query, says] of ways) {
    test(name, async () => {
      const filled = Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, value.replace('KEY', gateway.key)]))
      const response = await fetch(`${gateway.url}/api/v1/chat/completions${query.replace('KEY', gateway.key)}`, { method: 'POST', headers: { 'content-type': 'application/json', ...filled }, body: good })
      const { message } = await errorOf(response, 401)
      expect(message).toMatch(says)
      expect(message).not.toContain(gateway.key)
    })
  }
  test('in the body it is no key either', async () => {
    const response = await fetch(`${gateway.url}/api/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body({ api_key: gateway.key })) })
    expect((await errorOf(response, 401)).message).toContain('Authorization: Bearer')
  })
  test("as x-api-key, as Anthropic's clients send it, it is one", async () => {
    const response = await fetch(`${gateway.url}/api/v1/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': gateway.key }, body: good })
    expect(response.status).toBe(200)
    await response.text()
  })
})

describe('methods and paths', () => {
  const cases: readonly (readonly [method: string, path: string, status: number])[] = [
    ['GET', '/api/v1/chat/completions', 405], ['PUT', '/api/v1/chat/completions', 405], ['DELETE', '/api/v1/models', 405], ['POST', '/health', 404],
    ['POST', '/api/v1/chat/completion', 404], ['POST', '/api/v2/chat/completions', 404], ['GET', '/nothing-here', 404], ['GET', '/etc/passwd', 404], ['GET', '/api/v1/../../etc/passwd', 404],
    ['GET', '/api/v1/models/%2e%2e/%2e%2e/endpoints', 404], ['GET', '/api/v1/models/a/b/c/d/e', 404], ['GET', '/api/v1/model/%zz/%ff', 404], ['GET', '/api/v1/model/none/none', 404], ['GET', '/api/v1/generation?id=nothing', 404],
    ['GET', `/api/v1/${'x'.repeat(2_000)}`, 404],
  ]
  for (const [method, path, status] of cases) {
    test(`${method} ${path.slice(0, 60)}`, async () => {
      const response = await send('{}', {}, path, method)
      if (status === 405) expect(response.headers.get('allow')).toMatch(/[A-Z]+/)
      const allowed = path === '/health' ? [200, 404, 405] : path.includes('%') ? [400, 404] : [status]
      expect(allowed).toContain(response.status)
      if (response.status >= 400) await errorOf(response, response.status)
    })
  }
})

describe('what clients make of their base URL', () => {
  for (const path of ['/api/v1//chat/completions', '/api/v1/chat/completions/', '//api/v1/chat/completions//?x=/y/']) {
    test(path, async () => expect((await send(JSON.stringify(body({})), {}, path)).status).toBe(200))
  }
})

test('the root answers as Ollama does, whose clients ask it whether anybody is there', async () => {
  const response = await send('', {}, '/', 'GET')
  expect([response.status, await response.text()]).toEqual([200, 'Ollama is running'])
  const refused = await send('', {}, '/', 'DELETE')
  expect([refused.status, refused.headers.get('allow'), await refused.json()]).toEqual([405, 'GET', expect.objectContaining({ error: expect.any(String) as string })])
})

describe('a method that a path does not take is refused in the words of its clients', () => {
  const shapes: readonly (readonly [method: string, path: string, shape: object])[] = [
    ['GET', '/api/v1/messages', { type: 'error', error: { type: 'invalid_request_error' } }],
    ['GET', '/v1beta/models/acme/tiny:generateContent', { error: { code: 405, status: expect.any(String) as string } }],
    ['PUT', '/api/chat', { error: expect.any(String) as string }],
    ['GET', '/v2/chat', { message: expect.any(String) as string }],
    ['GET', '/api/v1/messages/count_tokens', { type: 'error', error: { type: 'invalid_request_error' } }],
  ]
  for (const [method, path, shape] of shapes) {
    test(`${method} ${path}`, async () => {
      const response = await send('', {}, path, method)
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
      expect(await response.json()).toMatchObject(shape)
    })
  }
})

test('a compressed body is refused in words that say so', async () => {
  const response = await send(JSON.stringify(body({})), { 'content-encoding': 'gzip' })
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('content-encoding: gzip')
})

describe('requests that are no HTTP', () => {
  const chat = 'POST /api/v1/chat/completions HTTP/1.1\r\nhost: x\r\n'
  const cases: readonly (readonly [name: string, wire: string])[] = [
    ['two lengths', `${chat}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
    ['a length and chunks', `${chat}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`],
    ['an unknown transfer encoding', `${chat}transfer-encoding: gzip, chunked, identity\r\n\r\n{}`],
    ['a negative length', `${chat}content-length: -1\r\n\r\n{}`],
    ['no version', 'GET /api/v1/models\r\n\r\n'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a TLS handshake', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
  ]
  for (const [name, wire] of cases) {
    test(`${name} is not served`, async () => expect(await raw(wire)).not.toMatch(/^HTTP\/1\.1 2\d\d/))
  }
})

test('names of built-in properties are data', async () => {
  const response = await send(`{"model":"${MODEL}","messages":[{"role":"user","content":"hi"}],"__proto__":{"stream":true},"constructor":{"prototype":{"model":"x"}}}`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toContain('application/json')
})

test('and after all that the process lives, and serves', async () => {
  expect(gateway.isAlive()).toBe(true)
  const response = await send(JSON.stringify(body({})))
  expect(response.status).toBe(200)
  const reply: Json = parseObject(await response.text()) ?? null
  expect(reply).toMatchObject({ object: 'chat.completion' })
  expect(gateway.logs()).not.toMatch(/\bbug\b/)
})

/** Sends bytes as they are and gives what comes back until the server closes or says no more. */
function raw(wire: string): Promise<string> {
  const url = new URL(gateway.url)
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(Number(url.port), url.hostname, () => socket.write(Buffer.from(wire, 'latin1')))
    const done = (): void => {
      socket.destroy()
      resolve(answer)
    }
    // A server that says nothing to nonsense waits for more of it: half a second of silence is its answer.
    socket.setTimeout(500, done)
    socket.on('data', (bytes) => { answer += bytes.toString('latin1') })
    socket.on('close', done)
    socket.on('error', done)
  })
}
