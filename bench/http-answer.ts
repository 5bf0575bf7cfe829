/** What has been read of one HTTP/1.1 answer. */
export type AnswerState = 'head' | 'body' | 'done'

const HEAD_END = Buffer.from('\r\n\r\n')
const LF = 10

/**
 * Reads HTTP/1.1 answers off a kept-alive connection, one at a time: status, where the body begins and ends, and its
 * bytes counted. Only what a load generator needs, so that its own cost stays far below that of what it measures.
 */
export class AnswerReader {
  state: AnswerState = 'head'
  status = 0
  bodyBytes = 0
  /** True when the provider closes the connection after this answer. */
  closes = false
  private head: Buffer = Buffer.alloc(0)
  private chunked = false
  /** Bytes of the body, or of the chunk that is being read, that are still to come. */
  private left = 0
  /** The line with a chunk's size, in the making. */
  private sizeLine = ''
  /** Where in the chunked body we are: a size, a chunk, the line end after it, or the lines after the last. */
  private at: 'size' | 'chunk' | 'chunk-end' | 'trailer' = 'size'

  reset(): void {
    this.state = 'head'
    this.status = 0
    this.bodyBytes = 0
    this.head = Buffer.alloc(0)
    this.sizeLine = ''
    this.at = 'size'
    this.left = 0
  }

  /** Takes the next bytes of the connection. An answer is done when `state` says so. */
  push(bytes: Buffer): void {
    if (this.state === 'head') this.readHead(bytes)
    else if (this.state === 'body') this.readBody(bytes)
  }

  private readHead(bytes: Buffer): void {
    const head = this.head.length === 0 ? bytes : Buffer.concat([this.head, bytes])
    const end = head.indexOf(HEAD_END)
    if (end === -1) {
      // The connection's buffer may be used again for what comes next: keep a copy.
      this.head = Buffer.from(head)
      return
    }
    const text = head.toString('latin1', 0, end).toLowerCase()
    this.status = Number(text.slice(9, 12))
    this.chunked = text.includes('\r\ntransfer-encoding: chunked')
    this.closes = text.includes('\r\nconnection: close')
    const length = /\r\ncontent-length: *(\d+)/.exec(text)?.[1]
    this.left = this.chunked ? 0 : Number(length ?? 0)
    this.state = this.chunked || this.left > 0 ? 'body' : 'done'
    const rest = head.subarray(end + HEAD_END.length)
    if (rest.length > 0 && this.state === 'body') this.readBody(rest)
  }

  private readBody(bytes: Buffer): void {
    if (this.chunked) return this.readChunks(bytes)
    this.bodyBytes += bytes.length
    this.left -= bytes.length
    if (this.left <= 0) this.state = 'done'
  }

  private readChunks(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length && this.state === 'body') {
      if (this.at === 'chunk') {
        const take = Math.min(this.left, bytes.length - at)
        this.bodyBytes += take
        this.left -= take
        at += take
        if (this.left === 0) this.at = 'chunk-end'
        continue
      }
      const end = bytes.indexOf(LF, at)
      this.sizeLine += bytes.toString('latin1', at, end === -1 ? bytes.length : end)
      at = end === -1 ? bytes.length : end + 1
      if (end !== -1) this.endLine()
    }
  }

  private endLine(): void {
    const line = this.sizeLine.trim()
    this.sizeLine = ''
    if (this.at === 'chunk-end') this.at = 'size'
    else if (this.at === 'trailer') this.state = line === '' ? 'done' : 'body'
    else {
      this.left = Number.parseInt(line, 16)
      this.at = this.left === 0 ? 'trailer' : 'chunk'
    }
  }
}
