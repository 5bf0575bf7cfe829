import { readFileSync } from 'node:fs'
import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020'
import { isObject, type Json, type JsonObject } from '../src/core/json.ts'
import { sharedPath } from './shared.ts'

/**
 * Checks bodies against the contract's OpenAPI document, by the document's own rules, with two readings of it:
 * a `discriminator` picks its branch (so that a problem names the field in that branch, not all branches), and the
 * list of provider names is open, as it is in the official client: an operator's own providers have other names.
 */

const DOCUMENT = 'openapi'
const OPEN_ENUMS = new Set(['provider_name', 'ProviderName'])
const PROBLEMS_MAX = 20

let loaded: { readonly document: JsonObject; readonly ajv: Ajv2020 } | undefined
const compiled = new Map<string, ValidateFunction>()

function load(): { readonly document: JsonObject; readonly ajv: Ajv2020 } {
  if (loaded) return loaded
  // Bun's parser gives the same value as `yaml` here and takes 75 ms where that takes 580.
  const parsed: unknown = Bun.YAML.parse(readFileSync(sharedPath('contract', 'openapi.yaml'), 'utf8'))
  // What a YAML parser makes of this document is JSON: it has no tags, dates or anchors.
  const document = prepare(parsed as Json) as JsonObject
  const ajv = new Ajv2020({ strict: false, allErrors: true, formats: FORMATS })
  ajv.addSchema(document, DOCUMENT)
  return loaded = { document, ajv }
}

const FORMATS = {
  'double': true, 'float': true, 'int32': true, 'int64': true, 'binary': true, 'byte': true, 'email': true,
  'uuid': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  'date': /^\d{4}-\d\d-\d\d$/,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  'uri': (text: string) => URL.canParse(text),
} as const

/** Keywords whose value maps names to schemas: the names in it are no keywords. */
const SCHEMA_MAPS = new Set(['properties', 'patternProperties', 'schemas', '$defs', 'paths', 'responses', 'content', 'mapping'])

/** The document without its examples, with discriminators said in keywords that JSON Schema has. */
function prepare(node: Json, name = '', isMap = false): Json {
  if (Array.isArray(node)) return node.map((item: Json) => prepare(item, name))
  if (!isObject(node)) return node
  if (!isMap && Array.isArray(node['enum']) && OPEN_ENUMS.has(name)) return { type: 'string', minLength: 1 }
  const out: JsonObject = {}
  for (const [key, value] of Object.entries(node)) {
    if (value === undefined || (!isMap && (key === 'example' || key === 'examples' || key === 'discriminator'))) continue
    const inner = !isMap && SCHEMA_MAPS.has(key)
    out[key] = prepare(value, isMap ? key : name, inner)
  }
  // Some schemas say it in the way of OpenAPI 3.0: a flag beside the bound.
  if (!isMap && out['exclusiveMinimum'] === true) {
    out['exclusiveMinimum'] = out['minimum']
    delete out['minimum']
  }
  return !isMap && isObject(node['discriminator']) ? branches(out, node['discriminator']) : out
}

/** `oneOf` with a discriminator as one `if`/`then` per branch. Nullable unions keep their null. */
function branches(schema: JsonObject, discriminator: JsonObject): Json {
  const { propertyName, mapping } = discriminator
  const options = schema['oneOf']
  if (typeof propertyName !== 'string' || !isObject(mapping) || !Array.isArray(options)) return schema
  const { oneOf: _, ...rest } = schema
  const union: JsonObject = {
    ...rest,
    type: 'object',
    required: [propertyName],
    properties: { [propertyName]: { enum: Object.keys(mapping) } },
    allOf: Object.entries(mapping).map(([value, ref]) => ({
      if: { required: [propertyName], properties: { [propertyName]: { const: value } } },
      // oxlint-disable-next-line unicorn/no-thenable -- a JSON Schema keyword, nothing awaits it
      then: { $ref: ref },
    })),
  }
  const nullable = options.some((option) => isObject(option) && option['type'] === 'null')
  return nullable ? { anyOf: [{ type: 'null' }, union] } : union
}

/** What is wrong with `value` as the schema at this JSON pointer of the document; nothing when it is valid. */
function problemsAt(pointer: string, value: unknown): string[] {
  let validate = compiled.get(pointer)
  if (!validate) {
    validate = load().ajv.compile({ $ref: `${DOCUMENT}#${pointer}` })
    compiled.set(pointer, validate)
  }
  if (validate(value)) return []
  return [...new Set((validate.errors ?? []).filter((error) => error.keyword !== 'if').map(say))].slice(0, PROBLEMS_MAX)
}

function say(error: ErrorObject): string {
  const { allowedValues, additionalProperty } = error.params
  const more = allowedValues === undefined ? additionalProperty : JSON.stringify(allowedValues).slice(0, 200)
  return `${error.instancePath || '(body)'} ${error.message ?? error.keyword}${more === undefined ? '' : `: ${String(more)}`}`
}

function pointerOf(...names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Follows names down the document, undefined where it has none. */
function find(...names: readonly string[]): Json | undefined {
  let node: Json | undefined = load().document
  for (const name of names) node = isObject(node) ? node[name] : undefined
  return node
}

/** The document's path for a real one, with or without `/api/v1` and query: `/keys/ab12` → `/keys/{hash}`. */
function templateOf(path: string): string | undefined {
  const wanted = (path.replace(/^https?:\/\/[^/]+/, '').replace(/[?#].*$/, '').replace(/^\/api\/v1(?=\/)/, '')).split('/')
  const paths = find('paths')
  const fits = (template: string): boolean => {
    const parts = template.split('/')
    return parts.length === wanted.length && parts.every((part, at) => part === wanted[at] || (part.startsWith('{') && wanted[at] !== ''))
  }
  // A literal path wins over one with parameters: /keys/{hash} never hides /models/count.
  return isObject(paths) ? Object.keys(paths).filter(fits).sort((a, b) => a.split('{').length - b.split('{').length)[0] : undefined
}

/**
 * What is wrong with a JSON response by the document; nothing when it is valid. `path` is the real path or the
 * document's. A status of 400 and more that the operation does not list must still have the error envelope.
 */
export function validateResponse(method: string, path: string, status: number, body: unknown): string[] {
  const template = templateOf(path)
  const verb = method.toLowerCase()
  if (template === undefined || find('paths', template, verb) === undefined) return [`${method} ${path} is not in the document`]
  const at = ['paths', template, verb, 'responses', String(status)]
  if (find(...at) === undefined) {
    return status >= 400 ? validateSchema('BadRequestResponse', body) : [`${method} ${template} lists no status ${status}`]
  }
  const schema = [...at, 'content', 'application/json', 'schema']
  if (find(...schema) === undefined) return body === undefined || body === '' ? [] : [`${method} ${template} ${status} has no JSON body`]
  return problemsAt(pointerOf(...schema), body)
}

/** What is wrong with a request body by the document; nothing when it is valid. */
export function validateRequest(method: string, path: string, body: unknown): string[] {
  const template = templateOf(path)
  const schema = ['paths', template ?? path, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema']
  return find(...schema) === undefined ? [`${method} ${path} takes no JSON body by the document`] : problemsAt(pointerOf(...schema), body)
}

/** What is wrong with `value` as a named schema (`ChatResult`, `Model`, …); nothing when it is valid. */
export function validateSchema(name: string, value: unknown): string[] {
  if (find('components', 'schemas', name) === undefined) throw new Error(`the document has no schema ${name}`)
  return problemsAt(pointerOf('components', 'schemas', name), value)
}

/** What is wrong with the answer of a chat completion that is not streamed. */
export function problemsOfChatResult(body: unknown): string[] {
  return validateSchema('ChatResult', body)
}

/** What is wrong with the JSON of one `data:` line of a streamed chat completion. */
export function problemsOfChatChunk(chunk: unknown): string[] {
  return validateSchema('ChatStreamChunk', chunk)
}

/** What is wrong with an error body in the chat envelope: `{ error: { code, message, metadata? } }`. */
export function problemsOfError(body: unknown): string[] {
  return validateSchema('BadRequestResponse', body)
}

/** Every operation of the document: `[['GET', '/models'], …]`. */
export function operations(): readonly (readonly [method: string, path: string])[] {
  const paths = find('paths')
  if (!isObject(paths)) return []
  const verbs = ['get', 'post', 'put', 'patch', 'delete']
  return Object.keys(paths).flatMap((path) => verbs.filter((verb) => find('paths', path, verb) !== undefined).map((verb) => [verb.toUpperCase(), path] as const))
}
