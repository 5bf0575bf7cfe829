import { get } from 'node:http'
import { FREE } from '../catalog/price.ts'
import type { OperatorModel, OperatorProvider } from '../catalog/operator-file.ts'
import { asArray, asCount, asObject, asString, parseObject, type JsonObject } from '../core/json.ts'

/** A kind of model server that people run on their own machine, and the port it takes when it is not told another. */
export interface LocalServer {
  readonly slug: string
  readonly name: string
  readonly port: number
  /** What it says its models are: Ollama has a list of its own, the others speak OpenAI's. */
  readonly lists: 'ollama' | 'openai'
  /** Ways in which it strays from OpenAI's chat completions. */
  readonly quirks?: readonly string[]
}

export const LOCAL_SERVERS: readonly LocalServer[] = [
  { slug: 'ollama', name: 'Ollama', port: 11434, lists: 'ollama', quirks: ['no_links'] },
  { slug: 'lmstudio', name: 'LM Studio', port: 1234, lists: 'openai', quirks: ['no_links'] },
  { slug: 'llamacpp', name: 'llama.cpp', port: 8080, lists: 'openai' },
  { slug: 'vllm', name: 'vLLM', port: 8000, lists: 'openai' },
]

export interface DiscoverOptions {
  readonly servers?: readonly LocalServer[]
  /** For the whole look at one server. */
  readonly timeoutMsMax?: number
  /** Ports that are not looked at: our own. */
  readonly except?: readonly number[]
}

const LOOPBACK = '127.0.0.1'
const LIST_BYTES_MAX = 1_000_000
const MODELS_MAX = 500
/** A model is read from disk at its first call. */
const TIMEOUTS = { headMsMax: 300_000, firstEventMsMax: 300_000, replyMsMax: 1_800_000 }

/**
 * The model servers that answer on this machine, as the operator could have written them: `ollama/llama3.2:3b` at
 * http://127.0.0.1:11434/v1, free, without a key. Looks at loopback only, never through a proxy, at all ports at once.
 */
export async function discover(options: DiscoverOptions = {}): Promise<OperatorProvider[]> {
  const { servers = LOCAL_SERVERS, timeoutMsMax = 300, except = [] } = options
  const looks = servers.filter((server) => !except.includes(server.port)).map((server) => look(server, timeoutMsMax))
  return (await Promise.all(looks)).filter((found) => found !== undefined)
}

async function look(server: LocalServer, timeoutMsMax: number): Promise<OperatorProvider | undefined> {
  const list = await getObject(server.port, server.lists === 'ollama' ? '/api/tags' : '/v1/models', timeoutMsMax)
  const models = list && (server.lists === 'ollama' ? ollamaModels(list) : openaiModels(list))
  if (!models) return undefined
  const { slug, name, port } = server
  return {
    slug, name: `${name} (this machine)`, baseUrl: `http://${LOOPBACK}:${port}/v1`, dialect: 'openai-chat', auth: 'none',
    ...(server.quirks && { quirks: server.quirks }), retainsPrompts: false, mayTrain: false, timeouts: TIMEOUTS, models: namedModels(server, models),
  }
}

/** A model as a local server lists it. */
interface Listed { readonly upstreamId: string; readonly contextMax?: number }

function ollamaModels(list: JsonObject): Listed[] | undefined {
  return asArray(list['models'])?.flatMap((item) => {
    const name = asString(asObject(item)?.['name'])
    return name === undefined ? [] : [{ upstreamId: name }]
  })
}

function openaiModels(list: JsonObject): Listed[] | undefined {
  const items = asArray(list['data'])?.map((item) => asObject(item) ?? {})
  // A gateway (this one, or another) prices its models; a server on this machine does not.
  if (!items || items.some((item) => item['pricing'] !== undefined)) return undefined
  return items.flatMap((item) => {
    const id = asString(item['id'])
    const contextMax = asCount(item['max_model_len']) ?? asCount(asObject(item['meta'])?.['n_ctx_train'])
    return id === undefined ? [] : [{ upstreamId: id, ...(contextMax !== undefined && { contextMax }) }]
  })
}

/** Such a server lists what chats and what makes vectors together, and tells them apart by nothing but their names. */
const EMBEDS = /embed|(?:^|[/_-])(?:bge|gte|e5|all-minilm)(?=[-_:.]|$)/i

/** Ids are `server/name`: of a path (`publisher/model`, `/models/x.gguf`) the last part, unless two models share it. */
function namedModels(server: LocalServer, listed: readonly Listed[]): OperatorModel[] {
  const named = listed.filter(({ upstreamId }) => upstreamId !== '').slice(0, MODELS_MAX)
  const short = named.map(({ upstreamId }) => slugOf(upstreamId.replace(/^.*[/\\](?=[^/\\])/, '').replace(/\.gguf$/i, '')))
  return named.map((model, at) => {
    const name = short.indexOf(short[at] ?? '') === short.lastIndexOf(short[at] ?? '') ? short[at] : slugOf(model.upstreamId.replace(/[/\\]+/g, '-'))
    return { ...model, id: `${server.slug}/${name}`, name: `${server.name}: ${name}`, description: `Served by ${server.name} on this machine.`, price: FREE, ...(EMBEDS.test(model.upstreamId) && { inputs: ['text'], outputs: ['embeddings'] }) }
  })
}

/** Without the characters that mean something in a model's name or a URL. */
function slugOf(text: string): string {
  return text.replace(/[^\w.:+-]+/g, '-').replace(/^-+|-+$/g, '')
}

/** A JSON object from a port of this machine; undefined for everything else that can happen. */
function getObject(port: number, path: string, timeoutMsMax: number): Promise<JsonObject | undefined> {
  return new Promise((resolve) => {
    // node:http, because fetch would send this through HTTP_PROXY, and would follow a redirect off the machine.
    const request = get({ host: LOOPBACK, port, path, agent: false, headers: { accept: 'application/json' } }, (response) => {
      if (response.statusCode !== 200) return done(undefined)
      const pieces: Buffer[] = []
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > LIST_BYTES_MAX) done(undefined)
        else pieces.push(piece)
      })
      response.on('end', () => done(parseObject(Buffer.concat(pieces).toString('utf8'))))
      response.on('error', () => done(undefined))
    })
    // Nothing listens there, or it is not HTTP: there is no such server.
    request.on('error', () => done(undefined))
    const timer = setTimeout(() => done(undefined), timeoutMsMax)
    timer.unref()
    function done(value: JsonObject | undefined): void {
      clearTimeout(timer)
      resolve(value)
      request.destroy()
    }
  })
}
