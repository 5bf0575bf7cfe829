import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { parseObject } from '../../src/core/json.ts'
import { FACES, type Face, type Told } from './faces.ts'
import { ANSWER, ANSWER_TURN, CALLS_TURN, costNano, nanoOf, openStage, QUESTION, SIDES, THINKING, type Stage } from './stage.ts'
import type { Turn } from './turn.ts'

setDefaultTimeout(60_000)

/** A stream and a reply of the same exchange say the same: message, finish, usage, cost. In every cell of face × provider. */

let stage: Stage
beforeAll(async () => { stage = await openStage() })
afterAll(() => stage.stop())

const send = (face: Face, model: string, stream: boolean, question = QUESTION): Promise<Response> => fetch(stage.gateway.url + face.path(model, stream), {
  method: 'POST', headers: { authorization: `Bearer ${stage.gateway.key}`, 'content-type': 'application/json' }, body: JSON.stringify(face.body(model, question, stream)),
})

async function ask(face: Face, model: string, stream: boolean, question = QUESTION): Promise<{ told: Told; id: string }> {
  const response = await send(face, model, stream, question)
  const text = await response.text()
  expect({ status: response.status, text: text.slice(0, 500) }).toMatchObject({ status: 200 })
  return { told: face.told(stream ? face.pieces(text) : [parseObject(text) ?? {}], stream), id: response.headers.get('x-generation-id') ?? '' }
}

const TURNS: Readonly<Record<string, Turn>> = { 'an answer': ANSWER_TURN, 'an answer with thoughts': { thinking: THINKING, text: ANSWER }, 'two calls with thoughts': CALLS_TURN }

describe.each(FACES.map((face) => [face.name, face] as const))('%s', (_name, face) => {
  const takesTools = JSON.stringify(face.body('', '', false)).includes('get_weather')

  for (const name of SIDES) {
    for (const [what, turn] of Object.entries(TURNS)) {
      if (turn.calls && !takesTools) continue
      test(`${what} of ${name}`, async () => {
        const side = stage.side(name)
        side.provider.play(turn)
        const whole = await ask(face, side.model, false)
        const streamed = await ask(face, side.model, true)
        expect(streamed.told).toEqual(whole.told)
        expect(whole.told).toMatchObject({ text: turn.text ?? '', thinking: turn.thinking?.text ?? '', calls: (turn.calls ?? []).map((call) => ({ name: call.name, arguments: call.arguments })) })
        expect(nanoOf(whole.told.usage['cost'])).toBe(costNano(name))
        for (const { id } of [whole, streamed]) expect(nanoOf((await stage.generation(id))['total_cost'])).toBe(costNano(name))
        expect(side.provider.seen().flatMap((request) => request.problems)).toEqual([])
      })
    }

    test(`an error in the middle of ${name}`, async () => {
      const side = stage.side(name)
      side.provider.play({ ...ANSWER_TURN, ends: 'faulty' })
      const response = await send(face, side.model, true)
      let text = ''
      for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += piece
        side.provider.endBadly()
      }
      const told = face.told(face.pieces(text), true)
      expect(told).toMatchObject({ text: ANSWER, error: expect.stringContaining('Oops in the middle') })
      expect(await stage.generation(response.headers.get('x-generation-id') ?? '')).toMatchObject({ finish_reason: 'error', total_cost: 0 })
    })

    test(`an error before an answer of ${name}, with the provider's status`, async () => {
      const side = stage.side(name)
      side.provider.play({ fault: { status: 429, message: 'Slow down' } })
      for (const stream of [true, false]) {
        const response = await send(face, side.model, stream)
        expect(response.status).toBe(429)
        expect(await response.text()).toContain('Slow down')
      }
    })
  }

  test.each(['demo/echo', 'demo/reasoner', 'demo/priced'])('%s', async (model) => {
    const question = model === 'demo/echo' ? 'Say this back' : 'Count to twelve'
    const whole = await ask(face, model, false, question)
    const streamed = await ask(face, model, true, question)
    expect(streamed.told).toEqual(whole.told)
    expect(whole.told.text.length + whole.told.calls.length).toBeGreaterThan(0)
  })

  test('the record names the API', async () => {
    const { id } = await ask(face, 'demo/echo', false)
    expect((await stage.generation(id))['api_type']).toBeString()
  })
})
