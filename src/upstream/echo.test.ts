import { describe, expect, test } from 'bun:test'
import { testCall } from '../dialects/openai-chat/fixtures.test-support.ts'
import { echoOf, echoWarnings, wantsEcho } from './echo.ts'

const echoed = (body: unknown): unknown => {
  const event = echoOf(JSON.stringify(body))
  return event.type === 'debug' ? event.debug['echo_upstream_body'] : undefined
}

describe('E17, M32: an echo of what a provider is told', () => {
  test('is of streams whose client asks for it', () => {
    const debug = { echo_upstream_body: true }
    expect([{ stream: true, debug }, { debug }, { stream: true, debug: { echo_upstream_body: false } }, { stream: true }].map((body) => wantsEcho(testCall(body)))).toEqual([true, false, false, false])
    const call = testCall({ stream: true, debug })
    expect(echoWarnings(call)).toEqual([])
    expect(wantsEcho({ ...call, api: 'messages' })).toBe(false)
    expect(echoWarnings({ ...call, api: 'messages' })).toMatchObject([{ field: 'debug' }])
    expect(echoWarnings({ ...testCall({ stream: true }), api: 'messages' })).toEqual([])
  })

  test('shows everything as it is', () => {
    const body = { model: 'm', max_tokens: 5, stop: ['a', null], messages: [{ role: 'user', content: `${'long prose '.repeat(100)}` }], tools: [] }
    expect(echoed(body)).toEqual(body)
    expect(echoOf('no JSON')).toEqual({ type: 'debug', debug: { echo_upstream_body: {} } })
  })

  test('but secrets and media', () => {
    const data = 'QUJD'.repeat(200)
    const told = JSON.stringify(echoed({
      messages: [{ content: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } }, { type: 'image', source: { media_type: 'image/png', data } }] }],
      mcp_servers: [{ url: 'https://x.test', authorization_token: 'hidden-1', headers: { Authorization: 'Bearer hidden-2', 'X-Api-Key': 'hidden-3' } }], password: 'hidden-4',
    }))
    expect(told).not.toContain('hidden')
    expect(told).not.toContain(data)
    for (const part of ['data:image/png;base64,[800 characters]', 'image/png"', 'https://x.test']) expect(told).toContain(part)
  })
})
