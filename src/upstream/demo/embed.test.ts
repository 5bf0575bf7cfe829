import { describe, expect, test } from 'bun:test'
import { floatsOf } from '../../core/embeddings.ts'
import { demoFetch } from '../demo.ts'

const never = new AbortController().signal
const ask = (body: object) => demoFetch('/embeddings', { body: JSON.stringify({ model: 'embedder', ...body }), signal: never })

/** The vectors of an answer of the demo. */
async function vectors(body: object): Promise<readonly (readonly number[])[]> {
  const { data } = await (await ask(body)).json() as { data: { embedding: number[] | string }[] }
  return data.map(({ embedding }) => floatsOf(embedding))
}

const dot = (a: readonly number[] = [], b: readonly number[] = []) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)

describe('the demo embedder', () => {
  test('makes vectors of length 1, always the same, near for texts with the same words', async () => {
    const [cat, cats, physics] = await vectors({ input: ['the cat sat on the mat', 'a cat on a mat', 'quantum chromodynamics'] })
    expect(cat).toHaveLength(256)
    expect(dot(cat, cat)).toBeCloseTo(1, 5)
    expect(dot(cat, cats)).toBeGreaterThan(dot(cat, physics) + 0.2)
    expect(await vectors({ input: 'the cat sat on the mat' })).toEqual(cat ? [cat] : [])
  })

  test('dimensions, encodings, tokens', async () => {
    const [floats] = await vectors({ input: 'hello', dimensions: 3 })
    expect(floats).toHaveLength(3)
    const [packed] = await vectors({ input: 'hello', dimensions: 3, encoding_format: 'base64' })
    packed?.forEach((value, at) => expect(Math.fround(value)).toBe(Math.fround(floats?.[at] ?? 0)))
    expect(await vectors({ input: [[1, 2], [3]], dimensions: 2 })).toHaveLength(2)
    expect(await vectors({ input: [1, 2, 3], dimensions: 2 })).toHaveLength(1)
  })

  test('bad requests are refused, and failures made, as a provider would', async () => {
    for (const body of [{ input: [] }, { input: 'x', dimensions: 0 }, { input: 'x', dimensions: 5_000 }, { input: [{}] }, {}]) expect((await ask(body)).status).toBe(400)
    expect((await ask({ input: 'x', model: 'writer' })).status).toBe(404)
    expect((await ask({ input: 'x', model: 'embedder?fail=503' })).status).toBe(503)
    expect((await ask({ input: 'x [demo: fail=429]' })).status).toBe(429)
  })
})
