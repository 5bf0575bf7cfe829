import { isObject, type Json, type JsonObject } from '../../src/core/json.ts'

/** What an answer says, whatever wire said it: the common ground on which a recording and the client's answer are compared. */
export interface Meaning {
  readonly choices: readonly ChoiceMeaning[]
  readonly usage: UsageMeaning | undefined
  /** The provider's own charge in nano-dollars, where it billed tools of its own beside tokens. */
  readonly charged?: number
  /** The provider failed after it had begun to answer. */
  readonly failed: boolean
}

export interface ChoiceMeaning {
  readonly text: string
  readonly refusal: string
  readonly reasoning: string
  /** Opaque pieces of reasoning, byte for byte, in order: signatures, redacted or encrypted data. */
  readonly opaque: readonly string[]
  readonly tools: readonly ToolMeaning[]
  readonly images: readonly string[]
  readonly finish: string
}

export interface ToolMeaning { readonly name: string; readonly arguments: unknown }

export interface UsageMeaning {
  readonly prompt: number
  readonly completion: number
  readonly cached: number
  readonly cacheWrite: number
  readonly reasoning: number
}

/** What a call costs at the price of these tests, a dollar a million in and four out: or what the provider says, where that is more and it billed more than tokens. */
export function billNano(promptTokens: number, completionTokens: number, charged = 0): number {
  return Math.max(promptTokens * 1_000 + completionTokens * 4_000, charged)
}

/** Collects one choice piece by piece: what is streamed and what is not end up the same. */
export class ChoiceFold {
  text = ''
  refusal = ''
  reasoning = ''
  readonly opaque: string[] = []
  readonly images: string[] = []
  finish: string | undefined
  private readonly tools = new Map<string | number, { name: string; text: string; whole?: unknown }>()

  /** `key` says which call a piece belongs to. */
  tool(key: string | number, name: string | undefined, text: string | undefined): void {
    const call = this.tools.get(key) ?? { name: '', text: '' }
    this.tools.set(key, { ...call, name: name || call.name, text: call.text + (text ?? '') })
  }

  /** A call whose arguments came as an object. */
  wholeTool(key: string | number, name: string, whole: unknown): void {
    this.tools.set(key, { name, text: '', whole })
  }

  hasTools(): boolean {
    return this.tools.size > 0
  }

  done(finish: string): ChoiceMeaning {
    const tools = [...this.tools.values()].map((call) => ({ name: call.name, arguments: call.whole ?? parseArguments(call.text) }))
    return { text: this.text, refusal: this.refusal, reasoning: this.reasoning, opaque: this.opaque, tools, images: this.images, finish }
  }
}

/** Arguments as a value: empty, `null` and missing mean none; text that is not JSON stays text. */
function parseArguments(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return (JSON.parse(text) as unknown) ?? {}
  } catch {
    // A model may write arguments that are no JSON; then the text itself must arrive.
    return text
  }
}

/** An opaque piece without the name of its writer, which ours have where there is no format that tells it. */
export function plainOpaque(value: Json | undefined): string {
  return textOf(value).replace(/^sws1:[^:]*:/, '')
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

export function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

export function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

/** The meaning of the client's plain answer, in the contract's chat shape. */
export function meaningOfResult(body: JsonObject): Meaning {
  const choices = listOf(body['choices']).map((choice) => {
    const fold = new ChoiceFold()
    addContract(fold, objectOf(choice['message']))
    return fold.done(textOf(choice['finish_reason']))
  })
  const failed = listOf(body['choices']).some((choice) => choice['error'] !== undefined)
  return { choices, usage: contractUsage(objectOf(body['usage'])), failed }
}

/** The meaning of the client's stream: the JSON of its `data:` lines. */
export function meaningOfChunks(chunks: readonly JsonObject[]): Meaning {
  const folds: ChoiceFold[] = []
  let usage: UsageMeaning | undefined
  for (const chunk of chunks) {
    for (const choice of listOf(chunk['choices'])) {
      const fold = folds[numberOf(choice['index'])] ??= new ChoiceFold()
      addContract(fold, objectOf(choice['delta']))
      if (typeof choice['finish_reason'] === 'string') fold.finish = choice['finish_reason']
    }
    if (isObject(chunk['usage'])) usage = contractUsage(chunk['usage'])
  }
  return { choices: folds.map((fold) => fold.done(fold.finish ?? '(none)')), usage, failed: chunks.some((chunk) => chunk['error'] !== undefined) }
}

function addContract(fold: ChoiceFold, message: JsonObject): void {
  fold.text += textOf(message['content'])
  fold.refusal += textOf(message['refusal'])
  fold.reasoning += textOf(message['reasoning'])
  for (const detail of listOf(message['reasoning_details'])) {
    for (const field of ['signature', 'data']) if (textOf(detail[field]) !== '') fold.opaque.push(plainOpaque(detail[field]))
  }
  for (const image of listOf(message['images'])) fold.images.push(textOf(objectOf(image['image_url'])['url']))
  listOf(message['tool_calls']).forEach((call, at) => {
    const { name, arguments: text } = objectOf(call['function'])
    fold.tool(typeof call['index'] === 'number' ? call['index'] : at, textOf(name), textOf(text))
  })
}

function contractUsage(usage: JsonObject): UsageMeaning {
  const prompt = objectOf(usage['prompt_tokens_details'])
  return {
    prompt: numberOf(usage['prompt_tokens']),
    completion: numberOf(usage['completion_tokens']),
    cached: numberOf(prompt['cached_tokens']),
    cacheWrite: numberOf(prompt['cache_write_tokens']),
    reasoning: numberOf(objectOf(usage['completion_tokens_details'])['reasoning_tokens']),
  }
}
