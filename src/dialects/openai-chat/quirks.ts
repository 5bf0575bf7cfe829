import type { Endpoint } from '../../catalog/endpoint.ts'

/**
 * Ways in which providers stray from OpenAI's chat completions, by the names that their catalogue rows use. What every
 * reader must bear anyway (empty ids, missing arguments, usage in odd places) is no quirk: `answer-read.ts` does it for all.
 */
export const QUIRKS = {
  max_completion_tokens: 'takes max_completion_tokens and refuses max_tokens (OpenAI, Azure)',
  no_stream_options: 'refuses stream_options',
  no_developer_role: 'knows no developer role: it is sent as system',
  reasoning_content: 'wants earlier reasoning back as reasoning_content (DeepSeek, Moonshot, Z.ai)',
  reasoning_object: "takes OpenRouter's reasoning object and reasoning_details",
  reasoning_details: 'takes reasoning_details back, with what is signed (Snowflake)',
  reasoning_effort: 'takes reasoning_effort',
  thinking_object: 'takes thinking: { type: enabled | disabled } (Z.ai, DeepSeek, Moonshot)',
  enable_thinking: 'takes enable_thinking and thinking_budget (Alibaba)',
  reasoning_outside_completion: 'leaves reasoning out of completion_tokens (xAI)',
  tool_choice_any: 'says any for required (Mistral)',
  mistral_tool_ids: 'takes tool call ids of exactly nine letters and digits (Mistral)',
  string_content: 'takes content as a string only',
  base64_embeddings: 'sends embeddings as base64 when asked (OpenAI)',
  output_dimension: 'takes output_dimension for dimensions of embeddings (Mistral)',
  input_type: 'takes input_type for embeddings, as the client said it (OpenRouter, Voyage)',
  passage_input_type: 'must be told input_type for embeddings, query or passage (NVIDIA)',
  no_parallel_tool_calls: 'refuses parallel_tool_calls',
  no_seed: 'refuses seed',
  mistral_thinking: 'wants earlier reasoning back as a thinking part of content (Mistral)',
  mistral_documents: 'takes PDFs as document_url parts (Mistral)',
  no_links: 'fetches no pictures, videos and files: it is sent the content of links (Ollama, LM Studio, Moonshot)',
  hides_reasoning: 'never shows what a model thought, and has GPT-5.4 and later not reason beside tools (OpenAI, Azure)',
  keeps_cache_control: 'takes cache_control marks on content (OpenRouter, Alibaba)',
} as const

export type ChatQuirk = keyof typeof QUIRKS

export function has(endpoint: Endpoint, quirk: ChatQuirk): boolean {
  return endpoint.provider.quirks.has(quirk)
}
