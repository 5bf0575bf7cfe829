import { DIALECTS, type DialectName } from '../core/call.ts'
import type { OperatorDialect, OperatorProvider } from './operator-file.ts'
import { isDialect } from './provider.ts'
import { byKey, said, type Place, type YamlReader } from './yaml-reader.ts'

/** Ways of showing a credential, by the names that the operator's file has for them. */
export const AUTHS = ['bearer', 'x-api-key', 'x-goog-api-key', 'api-key', 'none', 'sigv4', 'google-jwt'] as const
const DIALECT = ['enabled', 'base_url', 'auth', 'quirks', 'lacks', 'models'] as const

/** `dialects:` of a provider: the further ones that it speaks, by their names. */
export function readDialects(reader: YamlReader, place: Place): ReadonlyMap<DialectName, OperatorDialect> {
  return new Map(reader.map(place).flatMap((entry) => {
    const name = { ...entry, offset: entry.keyOffset }
    // Mistral's is OpenAI's chat with quirks, which can be named.
    if (!isDialect(entry.key) || entry.key === 'mistral') {
      reader.wrong(name, `is no dialect: known are ${DIALECTS.filter((one) => one !== 'mistral').join(', ')}`)
      return []
    }
    const at = byKey(reader.map(entry, DIALECT))
    const dialect: OperatorDialect = said({
      enabled: at.enabled && reader.boolean(at.enabled), baseUrl: at.base_url && readUrl(reader, at.base_url), auth: at.auth && reader.oneOf(at.auth, AUTHS),
      quirks: at.quirks && strings(reader, at.quirks), lacks: at.lacks && strings(reader, at.lacks), serves: at.models && strings(reader, at.models),
    })
    return [[entry.key, dialect] as const]
  }))
}

/** An address of the web, without a password in it. */
export function readUrl(reader: YamlReader, place: Place): string | undefined {
  const text = reader.string(place)
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return reader.wrong(place, 'must be an http:// or https:// address, as https://api.example.com/v1')
  if (url.username || url.password) return reader.wrong(place, 'must not hold a password: write it as api_key')
  return text
}

/** The name of a dialect. */
export function readDialect(reader: YamlReader, place: Place): OperatorProvider['dialect'] {
  const text = reader.string(place)
  if (text === undefined) return undefined
  return isDialect(text) ? text : reader.wrong(place, `must be one of ${DIALECTS.join(', ')}`)
}

/** A list of texts. */
export function strings(reader: YamlReader, place: Place): string[] {
  return reader.list(place).flatMap((item) => reader.string(item) ?? [])
}
