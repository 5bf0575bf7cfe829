import type { JsonObject } from '../../src/core/json.ts'

/** The client dialects of the matrix, as its tables name them. */
export const CLIENTS = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'openai-completions', 'ollama', 'cohere'] as const
export type ClientName = (typeof CLIENTS)[number]

/** What a client can ask, and the texts that a provider's request must hold where it was said. Without any, the request must differ from one that does not ask. */
export const ASKED = {
  'text': ['Qu3stion'],
  'system prompt': ['Syst3m'],
  'several system messages': ['Syst3m', 'L4ter'],
  'developer role': ['Devel0per'],
  'tools': ['get_weather', 'c1ty'],
  'parallel tool calls and results': ['Par1s', 'R0me', '21 degrees', '24 degrees'],
  'no parallel tool calls': [],
  'tool choice: must call': [],
  'tool choice: one tool': [],
  'tool choice: none': [],
  'strict tools': [],
  'tool result that is an error': [],
  'tool result with an image': ['cGljdHVyZQ=='],
  'image, data': ['cGljdHVyZQ=='],
  'image detail': [],
  'image, URL': ['https://pictures.example/cat.png'],
  'PDF, data': ['ZG9jdW1lbnQ='],
  'PDF, URL': ['https://files.example/a.pdf'],
  'audio': ['c291bmRzb3VuZA=='],
  'video, data': ['dmlkZW9maWxt'],
  'audio as an answer': ['al1oy'],
  'reasoning effort': [],
  'reasoning budget': [],
  'reasoning off': [],
  'structured output: JSON schema': ['d3grees'],
  'structured output: JSON object': [],
  'cache mark': [],
  'web search by the provider': [],
  'code run by the provider': [],
  'citations asked for': [],
  'temperature': ['0.25'],
  'top_p': ['0.875'],
  'top_k': ['37'],
  'max tokens': ['777'],
  'stop sequences': ['ST0P'],
  'seed': ['424242'],
  'penalties': ['0.375', '0.625'],
  'logit bias': ['50256'],
  'logprobs': [],
  'n > 1': [],
  'assistant turn sent back': ['3arlier'],
  'prefill': ['Pr3fill'],
  'verbosity': [],
  'prediction': ['Pr3dicted'],
  'service tier': [],
  'user': [],
  'metadata': ['m3ta'],
  'unknown field': ['x_unkn0wn'],
} as const satisfies Readonly<Record<string, readonly string[]>>
export type AskName = keyof typeof ASKED

/** One way to ask: fields over the client's plain request, and those of the request without what is asked, where it is not the plain one. */
export interface Ask { readonly fields: JsonObject; readonly without?: JsonObject }
export type Asks = Readonly<Partial<Record<AskName, Ask>>>

/** What an answer can hold, and which clients have words for it. */
export const ANSWERED = {
  'text': [...CLIENTS],
  'tool calls, two at once': ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'ollama', 'cohere'],
  'reasoning': ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'openai-completions', 'ollama', 'cohere'],
  'reasoning signature, sent back': ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'ollama', 'cohere'],
  'redacted reasoning, sent back': ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'ollama', 'cohere'],
  'citations': ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'cohere'],
  'cached tokens': ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'openai-completions', 'cohere'],
  'logprobs': ['openai-chat', 'openai-responses', 'gemini', 'openai-completions', 'ollama', 'cohere'],
  'refusal': [...CLIENTS],
  'ends by max tokens': [...CLIENTS],
  'error': [...CLIENTS],
  'stream says what the reply says': [...CLIENTS],
} as const satisfies Readonly<Record<string, readonly ClientName[]>>
export type AnswerName = keyof typeof ANSWERED
