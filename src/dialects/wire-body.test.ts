import { describe, expect, test } from 'bun:test'
import { LONG_CHARS_MIN } from '../lib/long-strings.ts'
import { testCall } from './openai-chat/fixtures.test-support.ts'
import { wireBody } from './wire-body.ts'

const URL = `data:image/png;base64,${'iVBORw0K'.repeat(LONG_CHARS_MIN / 4)}`
const withPicture = testCall({ messages: [{ role: 'user', content: [{ type: 'text', text: 'é "a"' }, { type: 'image_url', image_url: { url: URL } }] }] })

describe('wireBody', () => {
  test('with a large picture: the pieces make the body', () => {
    const { body, pieces } = wireBody(withPicture.body, withPicture)
    expect(pieces).toContain(URL)
    expect([pieces?.join('') === body, body === JSON.stringify(withPicture.body)]).toEqual([true, true])
  })
  test('without one there are no pieces', () => {
    const call = testCall({})
    expect(wireBody(call.body, call)).toEqual({ body: JSON.stringify(call.body) })
  })
  test('what nests too deep is refused, in pieces too', () => {
    let deep: object = { url: URL }
    for (let level = 0; level < 200_000; level++) deep = { deep }
    for (const call of [testCall({}), withPicture]) expect(() => wireBody(deep, call)).toThrow('nests deeper than can be passed on')
  })
})
