import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { pythonWithPackages, run } from './python-packages.ts'
import { ANSWER, ANSWER_TURN, CALLS, CALLS_TURN, costNano, nanoOf, openStage, QUESTION, RESULTS, SIDES, SIGNATURE, type Side, type Stage } from './stage.ts'
import { BILLED } from './turn.ts'

setDefaultTimeout(60_000)

/** The Python packages of OpenAI and Anthropic, with nothing changed but their base URL and key. */

const python = await pythonWithPackages()
if ('missing' in python) console.log(`skipped: Python's clients, for ${python.missing}`)
const describePython = 'missing' in python ? describe.skip : describe

let stage: Stage
beforeAll(async () => { if (!('missing' in python)) stage = await openStage() })
afterAll(() => stage?.stop())

/** What a script prints. */
interface Seen {
  readonly plain: Record<string, unknown>
  readonly streamed: Record<string, unknown>
  readonly tools: { readonly calls: unknown[]; readonly text: string }
  readonly structured: unknown
  /** The first piece of a stream that was left then. */
  readonly left: string
  readonly errors: Record<string, { readonly class: string; readonly status: number } | null>
}

const PLACE = { city: 'Paris', degrees: 21 }
const BUSY = { fault: { status: 429, message: 'slow down' } } as const
const PACKAGES = [
  { name: 'openai', script: 'openai_client.py', base: '/api/v1', finish: 'stop' },
  { name: 'anthropic', script: 'anthropic_client.py', base: '/api', finish: 'end_turn' },
] as const

/** Runs a script from its first call to its last; the turns are those of its calls, in their order. */
async function play(side: Side, { script, base }: (typeof PACKAGES)[number]): Promise<Seen> {
  side.provider.play(ANSWER_TURN, ANSWER_TURN, CALLS_TURN, ANSWER_TURN, BUSY, { text: JSON.stringify(PLACE) }, { text: ANSWER, ends: 'hanging' })
  const path = 'missing' in python ? '' : python.path
  const { code, stdout, stderr } = await run([path, join(import.meta.dir, 'python', script), `${stage.gateway.url}${base}`, stage.gateway.key, side.model, QUESTION], 30_000)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout) as Seen
}

describePython.each(PACKAGES)("Python's $name", (client) => {
  describe.each(SIDES)('against a provider that speaks %s', (name) => {
    let side: Side
    let seen: Seen
    beforeAll(async () => {
      side = stage.side(name)
      seen = await play(side, client)
    })

    test('a plain answer, with its cost', () => {
      const { cost, ...rest } = seen.plain
      expect(rest).toEqual({ text: ANSWER, finish: client.finish, model: side.model, prompt: BILLED.prompt, completion: BILLED.completion })
      expect(nanoOf(cost)).toBe(costNano(name))
    })

    test('a stream says the same, in pieces', () => {
      expect(seen.streamed).toMatchObject({ text: ANSWER, finish: client.finish, prompt: BILLED.prompt, completion: BILLED.completion })
      expect(Number(seen.streamed['pieces'])).toBeGreaterThan(3)
    })

    test('two calls at once, streamed, and their results sent back', () => {
      expect(seen.tools).toEqual({ calls: CALLS.map((call) => ({ ...call.arguments })), text: ANSWER })
      const [, , , answered] = side.provider.seen()
      expect(answered?.heard.results.map((result) => result.includes('degrees'))).toEqual(Object.keys(RESULTS).map(() => true))
      if (client.name === 'anthropic') expect(answered?.heard.signatures).toEqual([SIGNATURE])
    })

    test('structured output, parsed', () => {
      expect(seen.structured).toEqual(PLACE)
      expect(side.provider.seen()[5]?.heard.schema).toMatchObject({ type: 'object', required: ['city', 'degrees'] })
    })

    test('leaving in mid-stream ends the provider call', async () => {
      expect(ANSWER).toStartWith(seen.left)
      await side.provider.seen()[6]?.left
    })

    test('every request is one that its provider takes', () => {
      expect(side.provider.seen().map((request) => request.problems)).toEqual(side.provider.seen().map(() => []))
      expect(side.provider.seen().length).toBe(7)
    })

    test('errors are of the classes that the package has for them', () => {
      expect(seen.errors).toEqual({
        busy: { class: 'RateLimitError', status: 429 }, key: { class: 'AuthenticationError', status: 401 }, request: { class: 'BadRequestError', status: 400 },
      })
    })
  })
})
