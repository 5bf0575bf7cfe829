/** What our Claude says, streamed or not: the same words at the same price. */
export const CLAUDE_USAGE = { input_tokens: 12, output_tokens: 5 } as const

export const CLAUDE_MESSAGE = {
  id: 'msg_vrtx_01', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5-20250929', content: [{ type: 'text', text: 'Hello from the cloud.' }], stop_reason: 'end_turn', stop_sequence: null, usage: CLAUDE_USAGE,
} as const

export const CLAUDE_EVENTS: readonly { readonly type: string }[] = [
  { type: 'message_start', message: { ...CLAUDE_MESSAGE, content: [], stop_reason: null, usage: { input_tokens: 12, output_tokens: 1 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'ping' },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello from ' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'the cloud.' } },
  { type: 'content_block_stop', index: 0 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } },
  { type: 'message_stop' },
] as readonly { readonly type: string }[]
