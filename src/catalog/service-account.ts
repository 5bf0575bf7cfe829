import { readFileSync } from 'node:fs'
import { asString, parseObject, type JsonObject } from '../core/json.ts'
import type { GoogleAccount } from './endpoint.ts'

/** Google's own address for it; a service account's JSON says it too. */
const TOKEN_URL = 'https://oauth2.googleapis.com/token'

/** A service account, and the project that its JSON names; or what is wrong with it. */
export type ServiceAccountRead =
  | { readonly ok: true; readonly account: GoogleAccount; readonly project?: string; readonly json: JsonObject }
  | { readonly ok: false; readonly why: string }

/** Reads a service account from its JSON, or from the file whose path this is. The secret is in no message. */
export function readServiceAccount(textOrPath: string): ServiceAccountRead {
  const isJson = textOrPath.trimStart().startsWith('{')
  const text = isJson ? textOrPath : readText(textOrPath)
  if (text === undefined) return { ok: false, why: `the service account's file ${textOrPath} cannot be read` }
  const json = parseObject(text)
  if (!json) return { ok: false, why: isJson ? 'the service account is not JSON' : `the service account's file ${textOrPath} is not JSON` }
  const { type } = json
  if (typeof type === 'string' && type !== 'service_account') return { ok: false, why: `a service account is needed, and this is the JSON of type ${type}` }
  const [email, privateKey] = [asString(json['client_email']), asString(json['private_key'])]
  if (!email || !privateKey) return { ok: false, why: `the service account has no ${email ? 'private_key' : 'client_email'}` }
  if (!/-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(privateKey)) return { ok: false, why: "the service account's private_key is not in PEM form" }
  const keyId = asString(json['private_key_id'])
  const project = asString(json['project_id'])
  const account: GoogleAccount = { kind: 'google', email, privateKey, tokenUrl: asString(json['token_uri']) ?? TOKEN_URL, ...(keyId === undefined ? {} : { keyId }) }
  return { ok: true, account, json, ...(project === undefined ? {} : { project }) }
}


function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Whatever keeps it from being read (missing, no permission, a directory): the message names the path.
    return undefined
  }
}
