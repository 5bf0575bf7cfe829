import { createHash, createHmac } from 'node:crypto'

/** What AWS's own signer (`@smithy/signature-v4`) wants of a hash: keyed where it is given a secret. */
export class Sha256 {
  private readonly hash: { update(data: string | Uint8Array): unknown; digest(): Uint8Array }
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret === undefined || typeof secret === 'string' ? secret : new Uint8Array(ArrayBuffer.isView(secret) ? secret.buffer : secret)
    this.hash = key === undefined ? createHash('sha256') : createHmac('sha256', key)
  }
  update(data: string | Uint8Array): void { this.hash.update(data) }
  digest(): Promise<Uint8Array> { return Promise.resolve(new Uint8Array(this.hash.digest())) }
  reset(): void { throw new Error('the signer never does') }
}
