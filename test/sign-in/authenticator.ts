// An authenticator of passkeys without a browser (WebAuthn level 2, sections 6.1 and 6.5.4): one key, and flags as they are told.
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { Browser } from './person.ts'

const FLAGS = { present: 0x01, verified: 0x04, attested: 0x40 } as const

/** Whether the authenticator has asked, by a PIN or a finger, whether it is its owner. */
export interface Ceremony { readonly isVerified: boolean }

export class Authenticator {
  private readonly id = randomBytes(32)
  private readonly keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  /** `origin`: what browsers call the server, `http://localhost:<port>`. */
  constructor(private readonly origin: string) {}

  /** Adds itself to whoever is signed in in the browser. */
  async register(browser: Browser, ceremony: Ceremony): Promise<Response> {
    const { challenge } = await optionsOf(browser, 'generate-register-options')
    const { x = '', y = '' } = this.keys.publicKey.export({ format: 'jwk' })
    // COSE: an EC2 key of ES256 on P-256, with its two coordinates.
    const key = Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), Buffer.from(x, 'base64url'), Buffer.from('225820', 'hex'), Buffer.from(y, 'base64url')])
    const attested = Buffer.concat([this.dataOf(ceremony, FLAGS.attested), Buffer.alloc(16), Buffer.from([0, this.id.length]), this.id, key])
    // CBOR: { fmt: 'none', attStmt: {}, authData: bytes }.
    const attestation = Buffer.concat([Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746158', 'hex'), Buffer.from([attested.length]), attested])
    return await browser.auth('/passkey/verify-registration', { name: 'Key', response: this.credential({ attestationObject: attestation.toString('base64url'), clientDataJSON: this.client('webauthn.create', challenge), transports: ['usb'] }) })
  }

  /** Signs in. */
  async signIn(browser: Browser, ceremony: Ceremony): Promise<Response> {
    const { challenge } = await optionsOf(browser, 'generate-authenticate-options')
    const [data, client] = [this.dataOf(ceremony, 0), this.client('webauthn.get', challenge)]
    const signature = createSign('sha256').update(data).update(createHash('sha256').update(Buffer.from(client, 'base64url')).digest()).sign(this.keys.privateKey)
    return await browser.auth('/passkey/verify-authentication', { response: this.credential({ authenticatorData: data.toString('base64url'), clientDataJSON: client, signature: signature.toString('base64url') }) })
  }

  private dataOf({ isVerified }: Ceremony, more: number): Buffer {
    return Buffer.concat([createHash('sha256').update(new URL(this.origin).hostname).digest(), Buffer.from([FLAGS.present | (isVerified ? FLAGS.verified : 0) | more]), Buffer.alloc(4)])
  }

  private client(type: string, challenge: string): string {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false })).toString('base64url')
  }

  private credential(response: object): object {
    const id = this.id.toString('base64url')
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response }
  }
}

async function optionsOf(browser: Browser, path: string): Promise<{ readonly challenge: string }> {
  // Of the library, whose options have a challenge.
  return await (await browser.send(`/api/auth/passkey/${path}`)).json() as { challenge: string }
}
