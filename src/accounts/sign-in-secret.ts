import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../core/fault.ts'
import { randomText } from '../lib/id.ts'
import { sealKeyOf, type SealKey } from '../lib/seal.ts'
import type { Change } from './people-store.ts'
import type { RenewedSecret, SignInStore } from './sign-in-store.ts'

/** The file of the data directory that has it, where SWITCHYARD_AUTH_SECRET is not set. */
export const SIGN_IN_SECRET_FILE = 'auth-secret'
const SECRET_CHARS = 64

/** One secret: its text, and a number that follows from it and tells nothing of it. */
export interface NumberedSecret { readonly value: string; readonly version: number }

/** What cookies are signed and codes encrypted with. */
export interface LoadedSecret {
  /** The newest first: it signs. The others open what was encrypted under them. */
  readonly all: readonly [NumberedSecret, ...NumberedSecret[]]
  readonly sealKey: SealKey
  /** Whether a value of a cookie was signed with it. */
  isSignature(value: string, signature: string): boolean
  /** The signature of a value, as the sign-in library makes it. */
  sign(value: string): string
}

export interface SignInSecretOptions {
  readonly dataDir: string
  /** SWITCHYARD_AUTH_SECRET: one, or several apart by commas, the newest first. */
  readonly fromEnvironment: string | undefined
  readonly store: Pick<SignInStore, 'claimSecret' | 'renewSecret'>
}

/**
 * The secret of everything that people sign in with: from the environment, or a file of the data directory that is made when somebody
 * first signs in. It is not the master key, which is renewed: this one is in cookies and in the codes of second factors. All nodes of a store must have the same one.
 */
export class SignInSecret {
  private loaded: Promise<LoadedSecret> | undefined

  constructor(private readonly options: SignInSecretOptions) {}

  /** Throws Fault `unavailable` where the other nodes of this store have another. */
  load(): Promise<LoadedSecret> {
    const loading = this.loaded ??= this.read()
    // What failed is tried again by who comes next.
    loading.catch(() => { if (this.loaded === loading) this.loaded = undefined })
    return loading
  }

  /** Makes the secret of this machine that of all nodes, where theirs is lost. undefined: it is theirs. */
  async renew(change: Change): Promise<RenewedSecret | undefined> {
    const [first, ...old] = this.values()
    return await this.options.store.renewSecret(nameOf(first), old.map(nameOf), change)
  }

  private async read(): Promise<LoadedSecret> {
    const [first, ...old] = this.values()
    const isOurs = await this.options.store.claimSecret(nameOf(first), old.map(nameOf))
    if (!isOurs) throw new Fault('unavailable', 'Nobody can sign in at this node: its secret is not that of the others.', { detail: `set SWITCHYARD_AUTH_SECRET to the same value on every node, or copy ${SIGN_IN_SECRET_FILE} from the data directory of the node that people signed in at first; where it is lost: switchyard people renew-secret` })
    const macOf = (value: string) => createHmac('sha256', first).update(value).digest()
    return {
      all: [numbered(first), ...old.map(numbered)],
      sealKey: sealKeyOf(createHash('sha256').update(`switchyard links ${first}`).digest()),
      sign: (value) => macOf(value).toString('base64'),
      isSignature: (value, signature) => {
        const [given, right] = [Buffer.from(signature, 'base64'), macOf(value)]
        return given.length === right.length && timingSafeEqual(given, right)
      },
    }
  }

  /** The newest first. */
  private values(): [string, ...string[]] {
    const [first = '', ...old] = (this.options.fromEnvironment ?? this.readFile()).split(',').map((text) => text.trim())
    return [first, ...old]
  }

  private readFile(): string {
    const path = join(this.options.dataDir, SIGN_IN_SECRET_FILE)
    if (!existsSync(path)) makeFile(path)
    return readFileSync(path, 'utf8').trim()
  }
}

function makeFile(path: string): void {
  const made = `${path}.${randomText(8)}`
  writeFileSync(made, `${randomText(SECRET_CHARS)}\n`, { mode: 0o600, flush: true })
  try {
    // Whole or not at all, and only where there is none: processes may need one at once.
    linkSync(made, path)
  } catch (error) {
    if (!existsSync(path)) throw error
  } finally {
    rmSync(made)
  }
}

function nameOf(secret: string): string {
  return createHash('sha256').update(`switchyard secret ${secret}`).digest('hex').slice(0, 16)
}

function numbered(value: string): NumberedSecret {
  return { value, version: Number.parseInt(nameOf(value).slice(0, 7), 16) }
}
