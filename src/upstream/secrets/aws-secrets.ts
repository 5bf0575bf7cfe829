import { asString, isObject, parseObject } from '../../core/json.ts'
import type { SecretFound } from '../../catalog/secret-reference.ts'
import { signRequest } from '../sigv4.ts'

/** Who we are to AWS Secrets Manager, and where it is. */
export interface AwsSecretsSettings {
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  /** Another address than AWS's own: of a private link, or a server for tests. */
  readonly endpoint?: string | undefined
}

const MS_MAX = 10_000

/** `awssm://name#field` by `GetSecretValue` (docs.aws.amazon.com/secretsmanager/latest/apireference). Without a field all of its text. Never rejects. */
export async function readAwsSecret(reference: string, settings: AwsSecretsSettings, nowMs: number): Promise<SecretFound> {
  const match = /^awssm:\/\/([^#]+)(?:#(.+))?$/.exec(reference)
  if (!match) return failed('a reference to AWS Secrets Manager is written awssm://name#field')
  const [, name = '', field] = match
  const { region, accessKeyId, secretAccessKey, sessionToken } = settings
  const url = new URL(settings.endpoint ?? `https://secretsmanager.${region}.amazonaws.com/`)
  const body = JSON.stringify({ SecretId: name })
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' }
  const signed = signRequest({ method: 'POST', host: url.host, path: url.pathname, query: url.searchParams, headers, body }, { kind: 'aws', accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }, { region, service: 'secretsmanager' }, nowMs)
  try {
    const response = await fetch(url, { method: 'POST', headers: { ...headers, ...signed }, body, redirect: 'manual', signal: AbortSignal.timeout(MS_MAX) })
    const answer = parseObject(await response.text()) ?? {}
    if (!response.ok) return failed(`AWS Secrets Manager answered ${response.status}${typeof answer['__type'] === 'string' ? ` ${answer['__type'].replace(/^.*#/, '').slice(0, 80)}` : ''} for ${name}`)
    return fieldOf(asString(answer['SecretString']) ?? '', field, name)
  } catch (error) {
    return failed(`AWS Secrets Manager cannot be reached (${error instanceof Error ? error.name : 'error'})`)
  }
}

function fieldOf(text: string, field: string | undefined, name: string): SecretFound {
  const json = field === undefined ? undefined : parseObject(text)
  const value = field === undefined ? text : json?.[field]
  if (isObject(value)) return { ok: true, text: JSON.stringify(value) }
  return typeof value === 'string' && value !== '' ? { ok: true, text: value } : failed(`the secret ${name} has no ${field === undefined ? 'text' : `field ${field}`}`)
}

function failed(why: string): SecretFound {
  return { ok: false, why }
}
