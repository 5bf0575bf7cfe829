import type { Caller } from '../accounts/caller.ts'
import type { JsonObject } from '../core/json.ts'

/** The body with the model that its caller's workspace has for calls that name none (C63). A preset may have one: it goes before. */
export function withDefaultModel(json: JsonObject, { defaultModel }: Caller): JsonObject {
  const isNamed = defaultModel === undefined || ['model', 'models', 'preset'].some((field) => (json[field] ?? null) !== null)
  return isNamed ? json : { ...json, model: defaultModel }
}
