import { isMap } from 'yaml'
import { parseObject } from '../core/json.ts'
import { isJson } from './credential.ts'
import type { OperatorProvider } from './operator-file.ts'
import { isReference } from './secret-reference.ts'
import { readServiceAccount } from './service-account.ts'
import type { Place, YamlReader } from './yaml-reader.ts'

/** Keys of a provider in the operator's file that say its credential, and where its account is. */
export const CREDENTIAL_KEYS = ['api_key', 'service_account', 'project', 'location', 'access_key_id', 'secret_access_key', 'session_token', 'region', 'resource', 'api_version'] as const

/** The credential of a provider. A secret that is wrong is named by its place, never shown. */
export function readCredential(reader: YamlReader, at: Readonly<Record<string, Place>>): { readonly [K in keyof OperatorProvider]?: OperatorProvider[K] | undefined } {
  const { access_key_id: id, secret_access_key: secret, service_account: account } = at
  if (id && !secret) reader.wrong(id, 'has no secret_access_key beside it')
  if (secret && !id) reader.wrong(secret, 'has no access_key_id beside it')
  if (account && at['api_key']) reader.wrong(at['api_key'], 'stands beside a service_account: give one of them')
  const word = (place: Place | undefined) => place && readWord(reader, place)
  const name = (place: Place | undefined) => place && readName(reader, place)
  return {
    apiKey: at['api_key'] && readKey(reader, at['api_key']), serviceAccount: account && readAccount(reader, account),
    accessKeyId: word(id), secretAccessKey: word(secret), sessionToken: word(at['session_token']),
    project: name(at['project']), location: name(at['location']), region: name(at['region']), resource: name(at['resource']), apiVersion: name(at['api_version']),
  }
}

/** A word, or the JSON that the contract's credentials of clouds are (H16–H18). */
function readKey(reader: YamlReader, place: Place): string | undefined {
  const text = reader.string(place)
  if (text === undefined || !isJson(text)) return text === undefined ? undefined : asWord(reader, place, text)
  return parseObject(`{"key":${text}}`) ? text : reader.wrong(place, 'looks like JSON, and is not')
}

function readWord(reader: YamlReader, place: Place): string | undefined {
  const text = reader.string(place)
  return text === undefined ? undefined : asWord(reader, place, text)
}

/** What is not visible ASCII cannot stand in a header. The value itself is never shown. */
function asWord(reader: YamlReader, place: Place, text: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(text) ? text : reader.wrong(place, 'must be one word of visible ASCII characters: blanks, line breaks or other letters got into the key')
}

/** Google's JSON as a text or, since JSON is YAML, as a map; or the path of its file. */
function readAccount(reader: YamlReader, place: Place): string | undefined {
  const text = isMap(place.node) ? JSON.stringify(Object.fromEntries(reader.map(place).map((entry) => [entry.key, reader.string(entry)]))) : reader.string(place)
  if (text === undefined || isReference(text)) return text
  const read = readServiceAccount(text)
  return read.ok ? text : reader.wrong(place, read.why)
}

/** It becomes part of a host or a path. */
function readName(reader: YamlReader, place: Place): string | undefined {
  const text = reader.string(place)
  if (text === undefined) return undefined
  return /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/.test(text) ? text : reader.wrong(place, 'must be a name of letters, digits, dots and dashes')
}
