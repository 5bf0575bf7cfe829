import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Call } from '../../core/call.ts'
import { Fault } from '../../core/fault.ts'
import { testCall } from '../../dialects/openai-chat/fixtures.test-support.ts'
import { systemClock } from '../../lib/clock.ts'
import { Egress } from './egress.ts'
import { Inliner } from './inliner.ts'

const GIF = Buffer.from('R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==', 'base64')
const DATA = `data:image/gif;base64,${GIF.toString('base64')}`
let server: ReturnType<typeof Bun.serve>
let asked: string[] = []
let isDown = false

beforeAll(() => {
  server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch(request) {
    asked.push(new URL(request.url).pathname)
    return isDown ? new Response('no', { status: 503 }) : new Response(GIF)
  } })
})
afterAll(async () => await server.stop(true))
beforeEach(() => {
  asked = []
  isDown = false
})

const signal = new AbortController().signal
const inliner = new Inliner(new Egress({ clock: systemClock, privateAllowed: true }))
const at = (path: string) => `http://127.0.0.1:${server.port}/${path}`
const image = (url: string) => ({ type: 'image_url', image_url: { url, detail: 'low' } })

describe('what a call links to', () => {
  test('is fetched once for all providers of its plan, and only what this one needs', async () => {
    const call = testCall({ messages: [{ role: 'user', content: [image(at('a')), image(at('b'))] }] })
    const first = await inliner.inline(call, (url) => url.endsWith('a'), signal)
    expect(first.body.messages).toEqual([{ role: 'user', content: [image(DATA), image(at('b'))] }])
    const second = await inliner.inline(call, () => true, signal)
    expect(second.body.messages).toEqual([{ role: 'user', content: [image(DATA), image(DATA)] }])
    expect(asked).toEqual(['/a', '/b'])
    expect(call.body.messages[0]?.content).toEqual([image(at('a')), image(at('b'))])
  })

  test('is found in every message: results of tools, pictures of the assistant, files by either name', async () => {
    const call = testCall({ messages: [
      { role: 'user', content: [{ type: 'file', file: { filename: 'a.gif', file_url: at('f') } }] },
      { role: 'assistant', content: null, images: [image(at('i'))], tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }] }, { role: 'tool', tool_call_id: 't', content: [image(at('t'))] },
    ] })
    const { messages } = (await inliner.inline(call, () => true, signal)).body
    expect(messages[0]?.content).toEqual([{ type: 'file', file: { filename: 'a.gif', file_data: DATA } }])
    expect(messages[1]?.['images']).toEqual([image(DATA)])
    expect(messages[2]?.content).toEqual([image(DATA)])
  })

  test('is said in a Messages request too, in its words', async () => {
    const source = { type: 'url', url: at('n') }
    const native = { model: 'm', messages: [{ role: 'user', content: [{ type: 'image', source, cache_control: { type: 'ephemeral' } }, { type: 'tool_result', tool_use_id: 'x', content: [{ type: 'image', source }] }] }] }
    const call: Call = { ...testCall({ messages: [{ role: 'user', content: [image(at('n'))] }] }), dialect: 'anthropic-messages', native }
    const said = { type: 'base64', media_type: 'image/gif', data: GIF.toString('base64') }
    expect((await inliner.inline(call, () => true, signal)).native?.['messages']).toEqual([{ role: 'user', content: [{ type: 'image', source: said, cache_control: { type: 'ephemeral' } }, { type: 'tool_result', tool_use_id: 'x', content: [{ type: 'image', source: said }] }] }])
    expect(asked).toEqual(['/n'])
  })

  test('that could not be fetched is tried again for the next provider', async () => {
    const call = testCall({ messages: [{ role: 'user', content: [image(at('a'))] }] })
    isDown = true
    expect(await inliner.inline(call, () => true, signal).catch((error: unknown) => error instanceof Fault && error.code)).toBe('image_download_failed')
    isDown = false
    expect((await inliner.inline(call, () => true, signal)).body.messages[0]?.content).toEqual([image(DATA)])
  })

  test('is not too much', async () => {
    const many = Array.from({ length: 33 }, (_, index) => image(at(`m${index}`)))
    const call = testCall({ messages: [{ role: 'user', content: many }] })
    expect(await inliner.inline(call, () => true, signal).catch((error: unknown) => error instanceof Fault && error.message)).toContain('at most 32')
    expect(asked).toEqual([])
  })

  test('is nothing for most calls, which stay as they are', async () => {
    for (const content of ['words', [image(DATA)]]) {
      const call = testCall({ messages: [{ role: 'user', content }] })
      expect(await inliner.inline(call, () => true, signal)).toBe(call)
    }
  })
})
