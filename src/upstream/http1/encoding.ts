import { Readable, pipeline, type Duplex } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { readText, type Http1Answer, type Text } from './answer.ts'
import { Http1Error } from './error.ts'

/** What a compressed answer may grow to: it is the sender who says how much of our memory and time it takes. */
const DECODED_BYTES_MAX = 256 << 20

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip, 'x-gzip': createGunzip, deflate: createInflate, br: createBrotliDecompress, zstd: createZstdDecompress,
}

/** The answer without its content-encoding. We ask for none; some compress all the same. Throws Http1Error BadEncoding. */
export function decodeAnswer(answer: Http1Answer, bytesMax = DECODED_BYTES_MAX): Http1Answer {
  const encoding = answer.headers.get('content-encoding')?.toLowerCase() ?? 'identity'
  if (encoding === 'identity' || encoding === '') return answer
  const make = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding] : undefined
  if (make) return new DecodedAnswer(answer, make(), bytesMax)
  answer.cancel()
  throw began(new Http1Error('BadEncoding', 'the answer has a content-encoding that we cannot read'))
}

class DecodedAnswer implements Http1Answer {
  readonly status: number
  readonly headers: Http1Answer['headers']
  private readonly pieces: AsyncIterator<Uint8Array>
  private bytes = 0

  constructor(private readonly encoded: Http1Answer, private readonly decoder: Duplex, private readonly bytesMax: number) {
    this.status = encoded.status
    this.headers = encoded.headers.without('content-encoding', 'content-length')
    // A failure of either side arrives at the reader below.
    pipeline(Readable.from(rawPieces(encoded)), decoder, () => undefined)
    this.pieces = decoder[Symbol.asyncIterator]()
  }

  async read(): Promise<Uint8Array | undefined> {
    const next = await this.pieces.next().catch((error: unknown) => {
      this.encoded.cancel()
      throw isDecoderError(error) ? began(new Http1Error('BadEncoding', 'the answer is not compressed as it says', { cause: error })) : error
    })
    if (next.done) return undefined
    this.bytes += next.value.length
    if (this.bytes <= this.bytesMax) return next.value
    this.cancel()
    throw began(new Http1Error('AnswerTooLarge', `the answer is more than ${this.bytesMax} bytes when decompressed`))
  }

  text(bytesMax: number): Promise<Text> {
    return readText(this, bytesMax)
  }

  cancel(): void {
    this.encoded.cancel()
    this.decoder.destroy()
  }
}

async function* rawPieces(answer: Http1Answer): AsyncGenerator<Uint8Array> {
  for (let piece = await answer.read(); piece; piece = await answer.read()) yield piece
}

/** Codes of zlib, Brotli and Zstandard. */
function isDecoderError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof Http1Error) && 'code' in error && /^(?:Z_|ERR_|ZSTD_|BROTLI_)/.test(String(error.code))
}

function began(error: Http1Error): Http1Error {
  error.answerBegun = true
  return error
}
