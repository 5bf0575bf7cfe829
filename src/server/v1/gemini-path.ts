import { Fault } from '../../core/fault.ts'

/** The prefixes that Google's clients ask: the version that each of them names, with ours before it or not. */
const VERSION = String.raw`^(?:/api)?/v1(?:alpha|beta1?)?`
/** `models/x`, and as Vertex's clients have it `[projects/…/locations/…/]publishers/google/models/x`. */
const MODEL = String.raw`(?:/projects/[^/]+/locations/[^/]+)?(?:/publishers/([^/]+))?/(?:models|tunedModels)/(.+)`
/** A name that has a slash stands without `models/`: so says Vercel's provider. */
const NAMED = String.raw`/([^/:]+/[^/:]+)`
const METHOD = new RegExp(`${VERSION}(?:${MODEL}|${NAMED})(?::|%3[Aa])(generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)$`)
const LIST = new RegExp(`${VERSION}(?:/publishers/[^/]+)?/models(?:/(.+))?$`)

export type GeminiMethod = 'generateContent' | 'streamGenerateContent' | 'countTokens' | 'embedContent' | 'batchEmbedContents'

/** The model of a path that ends in this method; undefined for other paths. A model's name may have slashes, encoded or not. */
export function geminiMethod(path: string, method: GeminiMethod): { readonly model: string } | undefined {
  if (!path.endsWith(method)) return undefined
  const found = METHOD.exec(path)
  const name = found?.[2] ?? found?.[3]
  return found?.[4] === method && name !== undefined ? { model: decoded(found[1], name) } : undefined
}

/**
 * What a request for Google's list of models asks: all of them (`name` ''), or one by name; undefined for other
 * requests. Below `/v1` the list is OpenAI's unless the client shows that it is Google's.
 */
export function geminiModels(path: string, headers: Headers): { readonly name: string } | undefined {
  const found = LIST.exec(path)
  if (!found) return undefined
  const isGoogles = /\/v1(?:alpha|beta1?)\//.test(path) || headers.has('x-goog-api-key')
  return isGoogles ? { name: decoded(undefined, found[1] ?? '') } : undefined
}

function decoded(publisher: string | undefined, name: string): string {
  let model: string
  try {
    model = decodeURIComponent(name)
  } catch (error) {
    throw new Fault('invalid_request', 'The model in the path is not URL-encoded as it should be', { cause: error })
  }
  return publisher === undefined || model.includes('/') ? model : `${publisher}/${model}`
}
