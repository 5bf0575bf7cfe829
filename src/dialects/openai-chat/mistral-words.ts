import { asArray, isObject, type Json, type JsonObject } from '../../core/json.ts'

/**
 * The request in OpenAI's words, where a client of Mistral's says it in Mistral's (API reference of November 2026): the
 * seed, a choice of any tool, links that stand bare, documents, arguments that are read already, thoughts among content.
 * The object itself where it has none of these.
 */
export function fromMistral(sent: JsonObject): JsonObject {
  const messages = asArray(sent['messages'])
  const said = messages && mapped(messages, message)
  const { random_seed: seed, ...rest } = sent
  const isMistrals = seed !== undefined || sent['tool_choice'] === 'any' || said !== messages
  if (!isMistrals) return sent
  return {
    ...rest,
    ...(said && { messages: said }),
    ...(sent['tool_choice'] === 'any' && { tool_choice: 'required' }),
    ...(seed !== undefined && sent['seed'] === undefined && { seed }),
  }
}

/** Each of a list in other words; the list itself where nothing changes. */
function mapped(list: readonly Json[], change: (one: Json) => Json): readonly Json[] {
  let changed: Json[] | undefined
  for (const [at, one] of list.entries()) {
    const now = change(one)
    if (now !== one) (changed ??= [...list])[at] = now
  }
  return changed ?? list
}

function message(one: Json): Json {
  if (!isObject(one)) return one
  const content = asArray(one['content'])
  const calls = asArray(one['tool_calls'])
  const isThoughtful = one['role'] === 'assistant' && content?.some((piece) => isObject(piece) && piece['type'] === 'thinking' && Array.isArray(piece['thinking']))
  const parts = content && mapped(isThoughtful ? content.filter((piece) => !isThought(piece)) : content, part)
  const said = calls && mapped(calls, call)
  if (parts === content && said === calls) return one
  return { ...one, ...(parts && { content: parts }), ...(said && { tool_calls: said }), ...(isThoughtful && one['reasoning'] === undefined && { reasoning: content?.map(thoughtOf).join('') }) }
}

function isThought(piece: Json): boolean {
  return isObject(piece) && piece['type'] === 'thinking'
}

/** The text of a `thinking` part: parts of its own. */
function thoughtOf(piece: Json): string {
  if (!isObject(piece) || piece['type'] !== 'thinking') return ''
  return (asArray(piece['thinking']) ?? []).map((inner) => (isObject(inner) && typeof inner['text'] === 'string' ? inner['text'] : '')).join('')
}

function part(piece: Json): Json {
  if (!isObject(piece)) return piece
  if (piece['type'] === 'image_url' && typeof piece['image_url'] === 'string') return { ...piece, image_url: { url: piece['image_url'] } }
  if (piece['type'] !== 'document_url' || typeof piece['document_url'] !== 'string') return piece
  return { type: 'file', file: { file_data: piece['document_url'], ...(typeof piece['document_name'] === 'string' && { filename: piece['document_name'] }) } }
}

function call(one: Json): Json {
  const called = isObject(one) ? one['function'] : undefined
  if (!isObject(one) || !isObject(called) || !isObject(called['arguments'])) return one
  return { ...one, function: { ...called, arguments: JSON.stringify(called['arguments']) } }
}
