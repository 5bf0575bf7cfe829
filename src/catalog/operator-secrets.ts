import { readUrl } from './operator-dialects.ts'
import type { OperatorProvider } from './operator-file.ts'
import { isReference, type SecretFound } from './secret-reference.ts'
import { byKey, said, type Place, type YamlReader } from './yaml-reader.ts'

/** `secrets:` of the operator's file: where secrets are that are named by reference. What is not said is the environment's (VAULT_ADDR, AWS_REGION, …). */
export interface OperatorSecrets {
  /** How often what was read is read again. */
  readonly refreshSeconds?: number
  readonly vault?: {
    readonly address?: string
    readonly token?: string
    readonly roleId?: string
    readonly secretId?: string
    readonly namespace?: string
    /** Below this path callers may name secrets of their own; `{account}` and `{workspace}` stand for theirs. Nobody may where it is not said. */
    readonly callerPrefix?: string
  }
  readonly aws?: {
    readonly region?: string
    readonly accessKeyId?: string
    readonly secretAccessKey?: string
    readonly sessionToken?: string
    readonly endpoint?: string
    readonly callerPrefix?: string
  }
}

const DAY_S = 86_400

/** Reads it. A prefix for callers must tell workspaces apart: else one could use another's. */
export function readSecrets(reader: YamlReader, place: Place): OperatorSecrets {
  const at = byKey(reader.map(place, ['refresh_seconds', 'vault', 'aws']))
  const vault = byKey(at.vault ? reader.map(at.vault, ['address', 'token', 'role_id', 'secret_id', 'namespace', 'caller_prefix']) : [])
  const aws = byKey(at.aws ? reader.map(at.aws, ['region', 'access_key_id', 'secret_access_key', 'session_token', 'endpoint', 'caller_prefix']) : [])
  const text = (found: Place | undefined) => found && reader.string(found)
  return said({
    refreshSeconds: at.refresh_seconds && reader.integer(at.refresh_seconds, 1, DAY_S),
    vault: at.vault && said({ address: vault.address && readUrl(reader, vault.address), token: text(vault.token), roleId: text(vault.role_id), secretId: text(vault.secret_id), namespace: text(vault.namespace), callerPrefix: vault.caller_prefix && readPrefix(reader, vault.caller_prefix) }),
    aws: at.aws && said({ region: text(aws.region), accessKeyId: text(aws.access_key_id), secretAccessKey: text(aws.secret_access_key), sessionToken: text(aws.session_token), endpoint: aws.endpoint && readUrl(reader, aws.endpoint), callerPrefix: aws.caller_prefix && readPrefix(reader, aws.caller_prefix) }),
  })
}

function readPrefix(reader: YamlReader, place: Place): string | undefined {
  const prefix = reader.string(place)
  if (prefix === undefined) return undefined
  return prefix.includes('{workspace}') && prefix.endsWith('/') ? prefix : reader.wrong(place, 'must have {workspace} in it and end in a slash, as kv/switchyard/{account}/{workspace}/, so that no workspace can name what is another\'s')
}

/** Fields of a provider in the operator's file that may be references. */
const SECRET_FIELDS = ['apiKey', 'serviceAccount', 'accessKeyId', 'secretAccessKey', 'sessionToken'] as const

/** The references of a provider in the operator's file. */
export function referencesOf(provider: OperatorProvider): string[] {
  return SECRET_FIELDS.flatMap((field) => provider[field] ?? []).filter(isReference)
}

/** The provider with its secrets in place of their references; `withheld` says why one is not there. */
export function withSecrets(provider: OperatorProvider, known: (reference: string) => SecretFound | undefined): OperatorProvider {
  let filled = provider
  for (const field of SECRET_FIELDS) {
    const reference = provider[field]
    if (reference === undefined || !isReference(reference)) continue
    const found = known(reference)
    const { [field]: _, ...without } = filled
    filled = found?.ok ? { ...without, [field]: found.text } : { ...without, withheld: `its credential cannot be had: ${found ? found.why : 'it is being read'}` }
  }
  return filled
}
