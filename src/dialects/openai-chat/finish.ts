import type { FinishReason } from '../../core/event.ts'

/** What OpenAI-compatible providers call the end of an answer → the contract's closed list (B63). */
const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop', eos: 'stop', end_turn: 'stop', stop_sequence: 'stop', complete: 'stop', completed: 'stop', eos_token: 'stop',
  length: 'length', max_tokens: 'length', model_length: 'length', max_output_tokens: 'length', model_context_window_exceeded: 'length',
  tool_calls: 'tool_calls', tool_call: 'tool_calls', tool_use: 'tool_calls', function_call: 'tool_calls',
  content_filter: 'content_filter', safety: 'content_filter', sensitive: 'content_filter', refusal: 'content_filter', recitation: 'content_filter',
  error: 'error', network_error: 'error', insufficient_system_resource: 'error', abort: 'error',
}

/** The contract's word for a provider's finish reason; undefined where it said none (`null`, `""`, nothing). */
export function finishReason(native: unknown): FinishReason | undefined {
  if (typeof native !== 'string' || native === '') return undefined
  return REASONS[native] ?? REASONS[native.toLowerCase()] ?? 'stop'
}
