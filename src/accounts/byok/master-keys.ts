import { chmodSync, existsSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '../../core/fault.ts'
import { randomText } from '../../lib/id.ts'
import { newSealKey, openSealed, SEAL_KEY_BYTES, sealedBy, sealKeyOf, sealText, type SealKey } from '../../lib/seal.ts'

/** The file of the data directory that has them, one in a line; where SWITCHYARD_MASTER_KEY is set it is not read. */
export const MASTER_KEY_FILE = 'master-key'

export interface MasterKeysOptions {
  readonly dataDir: string
  /** SWITCHYARD_MASTER_KEY: one key or several apart by commas. The first seals, all open. */
  readonly fromEnvironment: string | undefined
  /** Told when a file was made: a person must keep a copy of it. */
  readonly onMade: (what: string, detail: string) => void
}

/**
 * The keys under which the secrets of providers are sealed in the store. The newest seals, all of them open. They are in the
 * environment, or in a file of the data directory that only its owner can read, and that is made when the first secret is sealed.
 */
export class MasterKeys {
  private keys: readonly SealKey[] = []
  private stamp = ''

  /** Throws MasterKeyWrong. */
  constructor(private readonly options: MasterKeysOptions) {
    if (options.fromEnvironment !== undefined) this.keys = readKeys(options.fromEnvironment.split(','), 'SWITCHYARD_MASTER_KEY')
    else this.look()
  }

  /** Seals a text for one place. `mayMake`: whether a first key may be made here; false where others have sealed before. */
  seal(text: string, context: string, mayMake: boolean): string {
    this.look()
    return sealText(text, this.keys[0] ?? this.make(mayMake), context)
  }

  /** The text again; undefined when the key that it was sealed under is not here, or it was tampered with. */
  open(sealed: string, context: string): string | undefined {
    const id = sealedBy(sealed)
    const find = () => this.keys.find((key) => key.id === id)
    let key = find()
    // Another process may have made a new one meanwhile.
    if (!key && this.look()) key = find()
    return key && openSealed(sealed, key, context)
  }

  /** The id of the key that seals; undefined before there is one. */
  get currentId(): string | undefined {
    this.look()
    return this.keys[0]?.id
  }

  /** Puts a new key before the others in the file, so that all that is sealed from now on is sealed under it. Throws Fault where the keys are the environment's. */
  renew(): void {
    if (this.options.fromEnvironment !== undefined) throw new Fault('conflict', 'The master key is in SWITCHYARD_MASTER_KEY: put a new one before it, apart by a comma, start every node with both, and call this again.')
    this.look()
    this.write([newSealKey(), ...this.keys])
  }

  /** Takes all keys but the newest out of the file. */
  forgetOld(): void {
    if (this.options.fromEnvironment !== undefined) throw new Fault('conflict', 'The master key is in SWITCHYARD_MASTER_KEY: take the old one out there.')
    this.look()
    this.write(this.keys.slice(0, 1))
  }

  private get path(): string {
    return join(this.options.dataDir, MASTER_KEY_FILE)
  }

  /** Reads the file again where it has changed. True when it has. */
  private look(): boolean {
    if (this.options.fromEnvironment !== undefined || !existsSync(this.path)) return false
    const { mtimeMs, size, ino, mode } = statSync(this.path)
    const stamp = `${mtimeMs} ${size} ${ino}`
    if (stamp === this.stamp) return false
    if ((mode & 0o077) !== 0) chmodSync(this.path, 0o600)
    this.keys = readKeys(readFileSync(this.path, 'utf8').split('\n'), this.path)
    this.stamp = stamp
    return true
  }

  private make(mayMake: boolean): SealKey {
    if (!mayMake) throw new Fault('conflict', `Secrets are sealed under a master key that is not here: copy the file ${MASTER_KEY_FILE} of the data directory where they were sealed, or set SWITCHYARD_MASTER_KEY.`)
    const made = `${this.path}.${randomText(8)}`
    writeFileSync(made, fileOf([newSealKey()]), { mode: 0o600, flush: true })
    try {
      // Whole or not at all, and only where there is none: processes may need one at once.
      linkSync(made, this.path)
      this.options.onMade('a master key was made', `${this.path} opens the providers' keys that people bring: back it up, apart from the database. Without it they are lost.`)
    } catch (error) {
      if (!existsSync(this.path)) throw error
    } finally {
      rmSync(made)
    }
    this.look()
    const [key] = this.keys
    if (!key) throw new MasterKeyWrong(`${this.path} has no key in it`)
    return key
  }

  private write(keys: readonly SealKey[]): void {
    const made = `${this.path}.${randomText(8)}`
    writeFileSync(made, fileOf(keys), { mode: 0o600, flush: true })
    renameSync(made, this.path)
    this.stamp = ''
    this.look()
  }
}

/** A master key that cannot be one. The message says what is wrong, without the key. */
export class MasterKeyWrong extends Error {
  override readonly name = 'MasterKeyWrong'
}

function fileOf(keys: readonly SealKey[]): string {
  return `${keys.map(({ key }) => key.toString('base64')).join('\n')}\n`
}

function readKeys(texts: readonly string[], where: string): SealKey[] {
  const words = texts.map((text) => text.trim()).filter((text) => text !== '')
  return words.map((word, at) => {
    const key = /^[0-9a-f]{64}$/i.test(word) ? Buffer.from(word, 'hex') : Buffer.from(word, 'base64')
    if (key.length !== SEAL_KEY_BYTES || !/^[\w+/=-]+$/.test(word)) throw new MasterKeyWrong(`${where}: ${words.length > 1 ? `key ${at + 1} ` : ''}must be 32 random bytes in base64 or hex, as \`openssl rand -base64 32\` gives`)
    return sealKeyOf(key)
  })
}
