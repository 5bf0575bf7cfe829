import type { JsonObject } from '../../core/json.ts'

/** A piece of content. Its kind is its only key: `text`, `image`, `toolUse`, `reasoningContent`, `cachePoint`, … */
export type Block = JsonObject

/** One entry of `messages`. */
export interface Turn extends JsonObject { role: 'user' | 'assistant'; content: Block[] }

/** The body of `POST /model/{id}/converse`, as far as we write it. */
export interface ConverseBody extends JsonObject {
  messages: Turn[]
  system?: Block[]
  inferenceConfig?: JsonObject
  toolConfig?: { tools: JsonObject[]; toolChoice?: JsonObject; [key: string]: undefined | JsonObject | JsonObject[] }
  /** What only one family of models knows. */
  additionalModelRequestFields?: JsonObject
  outputConfig?: JsonObject
}

/** `format` of reasoning that is no Claude's: whoever reads it back must be the same model. */
export const UNKNOWN_FORMAT = 'unknown'
