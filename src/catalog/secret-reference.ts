/** What was found where a secret is kept. `why` is for people, without the secret. */
export type SecretFound = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string }

/** Secrets that are kept elsewhere, by reference: `vault://kv/path#field`, `awssm://name#field`, `env://NAME`, `file:///path`. */
export interface Secrets {
  /** As it was read last; read now where it is new. Never rejects. */
  value(reference: string): Promise<SecretFound>
  /** Reads it again, in the background. */
  renew(reference: string): void
  /** Told of each reference whose secret is another by now. */
  onChange(listener: (reference: string) => void): void
}

const REFERENCE = /^(?:vault|awssm|env|file):\/\//

/** True for a text that says where a secret is kept. */
export function isReference(text: string): boolean {
  return REFERENCE.test(text)
}

/** For those who keep no secrets elsewhere: tests, and commands that need none. */
export const NO_SECRETS: Secrets = {
  value: () => Promise.resolve({ ok: false, why: 'no secret manager is set up' }),
  renew: () => undefined,
  onChange: () => undefined,
}
