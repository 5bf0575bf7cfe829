import { isUtf8 } from 'node:buffer'
import { Fault } from '../core/fault.ts'
import { isObject, type JsonObject } from '../core/json.ts'
import { fill, hollow } from '../lib/long-strings.ts'
import { jsonTrouble } from './json-guard.ts'

export interface Body { readonly json: JsonObject; readonly bytes: number }

const DEPTH_MAX = 128

/** The request's body as one JSON object. Throws Fault: too large (413, with the limit), not UTF-8, not JSON (where), not an object. */
export async function readBody(request: Request, bytesMax: number): Promise<Body> {
  const coding = request.headers.get('content-encoding')
  if (coding !== null && coding !== '' && coding.toLowerCase() !== 'identity') throw new Fault('invalid_json', `The body is compressed (content-encoding: ${coding.slice(0, 40)}): send it as it is`)
  const bytes = await readAll(request, bytesMax)
  if (bytes.length === 0) throw new Fault('invalid_json', 'The body is empty: send a JSON object')
  if (!isUtf8(bytes)) throw new Fault('invalid_json', 'The body is not UTF-8: send JSON in UTF-8')
  const { length } = bytes
  // A byte order mark is legal before JSON text for readers (RFC 8259 §8.1), and JSON.parse refuses it.
  const json = bytes.subarray(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)
  const large = length > WHOLE_BYTES_MAX ? parseLarge(json) : undefined
  if (!large) return { json: parse(json.toString('utf8')), bytes: length }
  forget(bytes)
  return { json: large, bytes: length }
}

/** A body with pictures, each of which is copied once; undefined for one without, and for what is no JSON. */
function parseLarge(json: Buffer): JsonObject | undefined {
  const apart = hollow(json)
  if (!apart) return undefined
  let value: unknown
  try {
    value = JSON.parse(apart.text)
  } catch {
    // The parser of the whole text names the place.
    return undefined
  }
  // `fill` gives back the object that it was given.
  return fill(checked(value, apart.text), apart.strings) as JsonObject
}

/** Gives the memory of large bytes back now, and not when the collector comes by: nobody looks at them again. */
function forget(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength) bytes.buffer.transfer(0)
}

function parse(text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    // The parser's words name the place; they hold a few characters of the body at most.
    throw new Fault('invalid_json', `The body is not valid JSON: ${error instanceof Error ? error.message.replace(/^JSON Parse error: /, '').slice(0, 160) : 'cannot be parsed'}`)
  }
  return checked(value, text)
}

/** The value of a JSON text, if it is one that we take. */
function checked(value: unknown, text: string): JsonObject {
  const trouble = jsonTrouble(text, DEPTH_MAX)
  if (trouble) throw new Fault('invalid_json', `The body is refused: ${trouble.what}`, trouble.field === undefined ? {} : { metadata: { field: trouble.field } })
  if (!isObject(value)) throw new Fault('invalid_json', `The body must be a JSON object, not ${Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`}`)
  return value
}

/** A body that makes no progress for this long will not come. */
const STALL_MS_MAX = 30_000

async function readAll(request: Request, bytesMax: number): Promise<Buffer> {
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  if (length > bytesMax) throw tooLarge(bytesMax)
  try {
    // Small bodies are here by now, or nearly: one wait for the whole. Large ones are watched piece by piece.
    if (length <= WHOLE_BYTES_MAX) return Buffer.from(await soon(request.arrayBuffer()))
    return await readPieces(request, bytesMax, length)
  } catch (error) {
    if (error instanceof Fault) throw error
    // The connection broke off: nobody is there to read what we would say.
    throw new Fault('client_gone', 'The client closed the connection before its request was complete', { cause: error })
  }
}

const WHOLE_BYTES_MAX = 256 << 10

/** The body, in one buffer of its own. `length` is what the client says of it, NaN where it does not say. */
async function readPieces(request: Request, bytesMax: number, length: number): Promise<Buffer> {
  const reader = request.body?.getReader()
  let bytes: Buffer = Buffer.allocUnsafeSlow(Number.isNaN(length) ? WHOLE_BYTES_MAX : length)
  let total = 0
  for (;;) {
    const next = reader && await soon(reader.read())
    if (!next || next.done) return total === bytes.length ? bytes : bytes.subarray(0, total)
    const piece = next.value
    if (total + piece.length > bytesMax) throw tooLarge(bytesMax)
    if (total + piece.length > bytes.length) bytes = grown(bytes, Math.min(Math.max(total + piece.length, bytes.length * 2), bytesMax))
    bytes.set(piece, total)
    total += piece.length
    forget(piece)
  }
}

function grown(bytes: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(length)
  larger.set(bytes)
  forget(bytes)
  return larger
}

/** The promise, or a fault when it takes too long. */
function soon<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Fault('body_timeout', `The body stopped coming for ${STALL_MS_MAX / 1000} s`)), STALL_MS_MAX)
    void promise.then(resolve, reject).then(() => clearTimeout(timer))
  })
}

function tooLarge(bytesMax: number): Fault {
  return new Fault('payload_too_large', `The body is larger than the limit of ${bytesMax} bytes (${Math.floor(bytesMax / (1 << 20))} MB)`, { metadata: { limit_bytes: bytesMax } })
}
