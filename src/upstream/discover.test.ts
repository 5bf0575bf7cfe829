import { afterEach, describe, expect, test } from 'bun:test'
import { createServer, type Server } from 'node:net'
import { discover, LOCAL_SERVERS, type LocalServer } from './discover.ts'

const open: (() => void)[] = []
afterEach(() => { for (const close of open.splice(0)) close() })

/** A server on a port of loopback that answers GETs of some paths. Returns its port. */
function serve(paths: Record<string, unknown>, seen: string[] = []): number {
  const server = Bun.serve({
    port: 0, hostname: '127.0.0.1',
    fetch(request) {
      const { pathname } = new URL(request.url)
      seen.push(`${request.method} ${pathname}`)
      const body = paths[pathname]
      if (body === undefined) return new Response('no', { status: 404 })
      return body instanceof Response ? body : typeof body === 'string' ? new Response(body) : Response.json(body)
    },
  })
  open.push(() => void server.stop(true))
  // A TCP server always has a port.
  return server.port as number
}

function at(slug: string, port: number): LocalServer {
  const server = LOCAL_SERVERS.find((known) => known.slug === slug)
  if (!server) throw new Error(`no ${slug}`)
  return { ...server, port }
}

describe('discover', () => {
  test('finds each kind of server, with its models', async () => {
    const seen: string[] = []
    const ollama = serve({ '/api/tags': { models: [{ name: 'llama3.2:latest', size: 1 }, { name: 'nomic-embed-text:latest' }, {}] } }, seen)
    const lmstudio = serve({ '/v1/models': { object: 'list', data: [{ id: 'qwen/qwen3-4b' }, { id: 'a/same' }, { id: 'b/same' }] } }, seen)
    const llamacpp = serve({ '/v1/models': { data: [{ id: '/models/Phi 4.gguf', owned_by: 'llamacpp', meta: { n_ctx_train: 16384 } }] } }, seen)
    const vllm = serve({ '/v1/models': { data: [{ id: 'meta-llama/Llama-3.1-8B', max_model_len: 8192 }] } }, seen)
    const found = await discover({ servers: [at('ollama', ollama), at('lmstudio', lmstudio), at('llamacpp', llamacpp), at('vllm', vllm)], timeoutMsMax: 5000 })
    expect(found.map(({ slug, baseUrl, auth, dialect, retainsPrompts }) => ({ slug, baseUrl, auth, dialect, retainsPrompts }))).toEqual(
      [['ollama', ollama], ['lmstudio', lmstudio], ['llamacpp', llamacpp], ['vllm', vllm]].map(([slug, port]) => ({ slug: String(slug), baseUrl: `http://127.0.0.1:${port}/v1`, auth: 'none', dialect: 'openai-chat', retainsPrompts: false })),
    )
    expect(found.flatMap(({ models = [] }) => models.map(({ id, upstreamId, contextMax }) => [id, upstreamId, contextMax]))).toEqual([
      ['ollama/llama3.2:latest', 'llama3.2:latest', undefined], ['ollama/nomic-embed-text:latest', 'nomic-embed-text:latest', undefined],
      ['lmstudio/qwen3-4b', 'qwen/qwen3-4b', undefined], ['lmstudio/a-same', 'a/same', undefined], ['lmstudio/b-same', 'b/same', undefined],
      ['llamacpp/Phi-4', '/models/Phi 4.gguf', 16384],
      ['vllm/Llama-3.1-8B', 'meta-llama/Llama-3.1-8B', 8192],
    ])
    expect(found.flatMap(({ models = [] }) => models.filter(({ outputs }) => outputs !== undefined).map(({ id, outputs }) => [id, outputs]))).toEqual([['ollama/nomic-embed-text:latest', ['embeddings']]])
    expect(found[0]?.models?.[0]?.price).toMatchObject({ state: 'free' })
    expect(seen.sort()).toEqual(['GET /api/tags', 'GET /v1/models', 'GET /v1/models', 'GET /v1/models'])
  })

  test('takes nothing for a server that is none', async () => {
    const silent: Server = createServer(() => undefined).listen(0, '127.0.0.1')
    open.push(() => void silent.close())
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address()
    const elsewhere: string[] = []
    const other = serve({ '/v1/models': { data: [{ id: 'x' }] } }, elsewhere)
    const ports = [
      typeof address === 'object' && address ? address.port : 0,
      serve({}),
      serve({ '/v1/models': '<html>a web app</html>' }),
      serve({ '/v1/models': [1] }),
      serve({ '/v1/models': { data: 'x' } }),
      serve({ '/v1/models': JSON.stringify({ data: [{ id: 'x'.repeat(2_000_000) }] }) }),
      serve({ '/v1/models': Response.redirect(`http://127.0.0.1:${other}/v1/models`) }),
      // Switchyard, or another gateway.
      serve({ '/v1/models': { data: [{ id: 'openai/gpt-5', pricing: { prompt: '0.1' } }] } }),
      1,
    ]
    expect(await discover({ servers: ports.map((port) => at('vllm', port)), timeoutMsMax: 200 })).toEqual([])
    expect(elsewhere).toEqual([])
  })

  test('does not look at our own port', async () => {
    const seen: string[] = []
    const port = serve({ '/v1/models': { data: [{ id: 'x' }] } }, seen)
    expect(await discover({ servers: [at('vllm', port)], except: [port] })).toEqual([])
    expect(seen).toEqual([])
  })

  test('does not go through a proxy', async () => {
    const seen: string[] = []
    const proxy = serve({}, seen)
    const port = serve({ '/v1/models': { data: [{ id: 'x' }] } })
    const before = process.env['HTTP_PROXY']
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${proxy}`
    try {
      expect(await discover({ servers: [at('vllm', port)], timeoutMsMax: 5000 })).toHaveLength(1)
    } finally {
      if (before === undefined) delete process.env['HTTP_PROXY']
      else process.env['HTTP_PROXY'] = before
    }
    expect(seen).toEqual([])
  })
})
