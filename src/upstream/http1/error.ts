/**
 * Why an HTTP/1.1 exchange failed. `code` is the system's or TLS's own name (ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED)
 * where there is one, else one of ours: BadUrl, BadRequest, ClientClosed, ConnectTimeout, BadHead, HeadTooLarge, BadFraming,
 * BadEncoding, AnswerTooLarge, AnswerCut.
 */
export class Http1Error extends Error {
  override readonly name = 'Http1Error'
  /** The connection had carried an earlier exchange: without any byte of an answer it was probably stale. */
  reused = false
  /** At least one byte of the answer had come. */
  answerBegun = false

  constructor(readonly code: string, message: string, options?: ErrorOptions) {
    super(message, options)
  }
}
