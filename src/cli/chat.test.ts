import { afterEach, describe, expect, test } from 'bun:test'
import { cli, temporaryDirectory, type CliOptions, type CliRun } from '../../test/cli.ts'
import { isObject, type JsonObject } from '../core/json.ts'

const directory = temporaryDirectory()
const KEY = { SWITCHYARD_KEY: 'sk-sw-v1-test-key-1234' }
const open: (() => void)[] = []
afterEach(() => { for (const close of open.splice(0)) close() })

interface Seen { readonly path: string; readonly authorization: string | null; readonly body: JsonObject }

/** A server that answers each chat call with the next of these. Gives its address and what it saw. */
function serve(...answers: ((body: JsonObject) => Response)[]): { url: string; seen: Seen[] } {
  const seen: Seen[] = []
  const server = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    async fetch(request) {
      const body: unknown = await request.json()
      if (!isObject(body)) return new Response('no object', { status: 400 })
      seen.push({ path: new URL(request.url).pathname, authorization: request.headers.get('authorization'), body })
      return (answers[seen.length - 1] ?? answers.at(-1) ?? (() => new Response('no')))(body)
    },
  })
  open.push(() => void server.stop(true))
  return { url: `http://127.0.0.1:${server.port}`, seen }
}

function sse(...frames: (JsonObject | string)[]): Response {
  const text = frames.map((frame) => (typeof frame === 'string' ? `${frame}\n\n` : `data: ${JSON.stringify(frame)}\n\n`)).join('')
  return new Response(text, { headers: { 'content-type': 'text/event-stream' } })
}

function said(delta: JsonObject, finish: string | null = null): JsonObject {
  return { id: 'gen-1', model: 'demo/echo', provider: 'Demo', choices: [{ index: 0, delta, finish_reason: finish }] }
}

const USAGE = { ...said({}), choices: [], usage: { prompt_tokens: 12, completion_tokens: 34, total_tokens: 46, cost: 0.000125 } }
const hello = (): Response => sse(': SWITCHYARD PROCESSING', said({ role: 'assistant', content: '' }), said({ reasoning: 'hm' }), said({ content: 'Hel' }), said({ content: 'lo' }), said({}, 'stop'), USAGE, 'data: [DONE]')

function chat(url: string, argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return cli(directory, ['chat', '--url', url, ...argv], { env: KEY, ...options })
}

describe('one answer', () => {
  test('is streamed to standard output, its tokens and cost to standard error', async () => {
    const { url, seen } = serve(hello)
    const run = await chat(`${url}/api/v1/`, ['-m', 'demo/echo', 'say', 'hello', '--effort', 'low', '--max-tokens', '9', '-s', 'be brief'])
    expect(run).toMatchObject({ code: 0, out: 'Hello\n' })
    expect(run.err).toStartWith('demo/echo · 12 + 34 tokens · $0.000125 · ')
    expect(seen).toEqual([{ path: '/api/v1/chat/completions', authorization: 'Bearer sk-sw-v1-test-key-1234', body: {
      model: 'demo/echo', stream: true, reasoning: { effort: 'low' }, max_tokens: 9,
      messages: [{ role: 'system', content: 'be brief' }, { role: 'user', content: 'say hello' }],
    } }])
  })

  test('takes its prompt from standard input, whole or where - stands', async () => {
    const { url, seen } = serve(hello)
    expect((await chat(url, ['--quiet'], { stdin: 'from a pipe\n' })).err).toBe('')
    await chat(url, ['Summarise:', '-'], { stdin: 'long text\n' })
    await chat(url, ['not read'], { stdin: 'ignored' })
    expect(seen.map(({ body }) => body['messages'])).toEqual(['from a pipe', 'Summarise: \n\nlong text', 'not read'].map((content) => [{ role: 'user', content }]))
    expect((await chat(url, [], { stdin: '  \n' })).code).toBe(2)
  })

  test('as JSON', async () => {
    const { url } = serve(hello)
    const run = await chat(url, ['hello', '--json'])
    expect(JSON.parse(run.out)).toMatchObject({ model: 'demo/echo', provider: 'Demo', content: 'Hello', reasoning: 'hm', finish_reason: 'stop', usage: { cost: 0.000125 } })
    expect((await chat(url, ['--json'])).code).toBe(2)
  })

  test('shows reasoning dim, and no control characters of others, to people only', async () => {
    const { url } = serve(() => sse(said({ reasoning: 'let me see' }), said({ content: 'a\u001b]0;title\u0007b\u001b[2Jc\u0008\n' }), said({}, 'length')))
    const run = await chat(url, ['hello'], { tty: true })
    expect(run.out).toBe('\u001b[2mlet me see\u001b[22m\n\nabc\n\n')
    expect(run.err).toContain('finish: length')
    expect((await chat(url, ['hello'])).out).toBe('a\u001b]0;title\u0007b\u001b[2Jc\u0008\n\n')
  })

  test('stops at ctrl-c, and says so with its exit code', async () => {
    const { url } = serve(() => new Response(new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(said({ content: 'one ' }))}\n\n`)) }), { headers: { 'content-type': 'text/event-stream' } }))
    const run = await chat(url, ['hello'], { onOut: (text, interrupt) => { if (text === 'one ') interrupt() } })
    expect(run).toMatchObject({ code: 130, out: 'one \n' })
    expect(run.err).toContain('stopped')
  })
})

describe('a conversation', () => {
  test('has a history, and commands', async () => {
    const { url, seen } = serve(hello)
    const lines = ['one', '/model demo/writer', '/system be kind', 'two \\', 'lines', '/clear', '', 'three', '/nonsense', '/quit', 'never']
    const run = await chat(url, [], { lines })
    expect(run.code).toBe(0)
    expect(run.err).toContain('model: demo/writer\n')
    expect(run.err).toContain('/quit leave')
    expect(seen.map(({ body }) => [body['model'], body['messages']])).toEqual([
      ['demo/writer', [{ role: 'user', content: 'one' }]],
      ['demo/writer', [{ role: 'system', content: 'be kind' }, { role: 'user', content: 'one' }, { role: 'assistant', content: 'Hello' }, { role: 'user', content: 'two \nlines' }]],
      ['demo/writer', [{ role: 'system', content: 'be kind' }, { role: 'user', content: 'three' }]],
    ])
  })

  test('goes on after an error, which is not remembered', async () => {
    const { url, seen } = serve(() => Response.json({ error: { code: 402, message: 'Nothing is left.' } }, { status: 402 }), hello)
    const run = await chat(url, [], { lines: ['one', 'two'] })
    expect(run.code).toBe(0)
    expect(run.err).toContain('error: Nothing is left.\nSee what is left: switchyard credits')
    expect(seen[1]?.body['messages']).toEqual([{ role: 'user', content: 'two' }])
  })
})

describe('errors', () => {
  const fails = async (answer: () => Response): Promise<CliRun> => await chat(serve(answer).url, ['hello'])

  test('before the answer: the words of the server, and what to do', async () => {
    const run = await fails(() => Response.json({ error: { code: 401, message: 'No such key.', metadata: { provider_name: 'Acme' } } }, { status: 401 }))
    expect(run).toMatchObject({ code: 1, out: '' })
    expect(run.err).toBe('error: Acme: No such key.\nGive a key that is live: --key or SWITCHYARD_KEY. Make one: switchyard keys create\n')
  })

  test('in the answer: what had come stays', async () => {
    const run = await fails(() => sse(said({ content: 'Hel' }), { ...said({}, 'error'), error: { code: 502, message: 'The provider cut the stream.' } }))
    expect(run).toMatchObject({ code: 1, out: 'Hel\n' })
    expect(run.err).toStartWith('error: The provider cut the stream.\n')
    expect((await fails(() => sse(said({ content: 'Hel' })))).err).toContain('before the answer was complete')
    expect((await fails(() => sse('data: nonsense'))).err).toContain('not JSON')
  })

  test('of a server that is none, or not there', async () => {
    expect((await fails(() => new Response('<html>'))).err).toContain('check --url')
    expect((await fails(() => new Response('<html>no</html>', { status: 500 }))).err).toContain('answered 500')
    const gone = await chat('http://127.0.0.1:1', ['hello'])
    expect(gone.code).toBe(1)
    expect(gone.err).toContain('Start it: switchyard serve')
  })

  test('of the command line', async () => {
    for (const argv of [['--url', 'nowhere', 'x'], ['--max-tokens', '0', 'x'], ['--modle', 'x']]) expect((await chat('http://127.0.0.1:1', argv)).code).toBe(2)
    const run = await cli(directory, ['chat', 'hello'])
    expect(run.code).toBe(2)
    expect(run.err).toContain('chat needs a key')
  })
})
