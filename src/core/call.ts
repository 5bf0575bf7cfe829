import type { ReasoningDetail } from './event.ts'
import type { Json, JsonObject } from './json.ts'
import type { CallTags } from './tags.ts'

/** The wire protocols we know by name. `catalog` names them as data; `dialects/` has the code of those that are built. */
export const DIALECTS = ['openai-chat', 'anthropic-messages', 'gemini', 'openai-responses', 'vertex', 'bedrock-converse', 'cohere', 'mistral'] as const
export type DialectName = (typeof DIALECTS)[number]

/**
 * What a client asks. Its `body` is the request in the contract's chat shape: the superset that every client dialect
 * can be said in (text, media, tools, reasoning with signatures, cache marks), with unknown fields left where they are.
 * A reader of another dialect builds it; the chat reader only checks it, so that nothing is copied on the way of a call.
 */
export interface Call {
  /** `gen-<seconds>-<random>`: the generation's id, and the idempotency key of its hold and its settlement. */
  readonly id: string
  /** The API that the client called, as the record names it. */
  readonly api: 'chat' | 'completions' | 'responses' | 'messages' | 'gemini' | 'ollama' | 'cohere' | 'embeddings'
  /** The dialect that the client speaks. Some are spoken by clients only, so that no provider's is the same; `switchyard` is a call of our own within another. */
  readonly dialect: DialectName | 'openai-completions' | 'ollama' | 'switchyard'
  /** When we took it, in ms since the epoch. */
  readonly createdMs: number
  readonly stream: boolean
  /** Models in the order of the client's wish, as it wrote them (variants and all). At least one. */
  readonly models: readonly string[]
  readonly body: ChatBody
  /** The request in the client's own dialect, where that is not chat: what a provider of the same dialect is told. */
  readonly native?: JsonObject
  /** What the client asked that the chat shape has no words for: a warning, unless the provider is told `native`. */
  readonly unsaid?: readonly Warning[]
  /** The other calls of a request that asks several at once (a list of prompts): one answer, their choices after this call's. */
  readonly also?: readonly Call[]
  /** Set where a router answers one call of a client with several of ours. */
  readonly composed?: Composed
  readonly preferences: Preferences
  readonly reasoning: ReasoningWish
  readonly needs: Needs
  /** What the client's transport said beside the body. */
  readonly headers: CallHeaders
  /** The preset that it was made with. */
  readonly presetId?: string
}

/** What a call is to the others that are made for the same request. */
export interface Composed {
  /** The router's name as the client wrote it; none where a plugin asked for it. */
  readonly router?: string
  /** The call that this one was made for: its answer is the client's. */
  readonly parentId?: string
  /** Calls that were made for this one. */
  readonly innerIds?: readonly string[]
  /** The whole was let in before: a server that is shutting down finishes it. */
  readonly isUnderWay?: boolean
}

export interface CallHeaders {
  readonly referer?: string
  readonly title?: string
  readonly categories?: string
  /** `User-Agent`, as it came. */
  readonly userAgent?: string
  readonly sessionId?: string
  /** `x-anthropic-beta`, or `anthropic-beta` as Anthropic's clients send it, as it came. */
  readonly anthropicBeta?: string
  /** `anthropic-version`, as it came. */
  readonly anthropicVersion?: string
  /** The client asked for router metadata (`X-OpenRouter-Metadata`). */
  readonly metadata?: boolean
  /** `X-Switchyard-Customer`: whose wallet it is charged to. */
  readonly customer?: string
  /** `X-Switchyard-Tags`: what the call's cost is reported by. */
  readonly tags?: CallTags
  /** The host that was called is of a region (`eu.gateway.example`): the call stays in it (contract E12). */
  readonly region?: 'eu' | 'us'
}

/** What an endpoint must be able to do for this call: read once from the body, used by routing for each candidate. */
export interface Needs {
  /** Names of request parameters that are present, in the catalogue's words (`tools`, `response_format`, …). */
  readonly parameters: readonly string[]
  /** Modalities in the messages: `image`, `file`, `audio`, `video` (`text` goes without saying). */
  readonly inputs: readonly Modality[]
  /** Modalities asked for: `text` alone unless the body says otherwise. */
  readonly outputs: readonly Modality[]
  /** An upper bound of the prompt's tokens, from its bytes. For holds and context checks, never for bills. */
  readonly promptTokensMax: number
  /** What the prompt's text probably comes to in tokens: the stated estimate where a provider counts nothing. Files count nothing. */
  readonly promptTokensGuess?: number
  /** Set where every file is a PDF, which this server can read for models that read none. */
  readonly pdfs?: PdfNeeds
  /** Images, files, audio and videos in the messages, and how many of them are audio; absent where there are none. */
  readonly media?: { readonly items: number; readonly audio: number }
  /** max_tokens or max_completion_tokens, undefined when the client names neither. */
  readonly maxTokens?: number
  /** Number of choices asked for (`n`), 1 by default. */
  readonly choices: number
  /** Where the call has several prompts, each with the model's window to itself: how many, and the bound of the longest. */
  readonly prompts?: { readonly count: number; readonly tokensMax: number }
}

/** `embeddings` is of answers only. */
/** Engines of the `file-parser` plugin (B54), as they are said here: `local` is what the contract calls `cloudflare-ai` or `pdf-text`. */
export type PdfEngine = 'local' | 'mistral-ocr'

/** PDFs that this server can read. */
export interface PdfNeeds {
  /** The engine that the client asks for, also where the model reads PDFs itself; undefined: only where it does not, by the server's own choice. */
  readonly engine?: PdfEngine
  /** As `promptTokensMax`, without the files as they stand in the messages; once they have been read, with what they came to. */
  readonly promptTokensMax: number
}

export type Modality = 'text' | 'image' | 'file' | 'audio' | 'video' | 'embeddings'

/** The `provider` object (contract C1–C24), checked. */
export interface Preferences {
  readonly order?: readonly string[]
  readonly only?: readonly string[]
  readonly ignore?: readonly string[]
  readonly allowFallbacks: boolean
  readonly requireParameters: boolean
  readonly quantizations?: readonly string[]
  readonly sort?: 'price' | 'throughput' | 'latency' | 'exacto'
  /** `none` orders the endpoints of all models together; `model` (default) goes model by model. */
  readonly partition: 'model' | 'none'
  /** USD decimals: prompt and completion per million tokens, request and image each. In nano-dollars here. */
  readonly maxPrice?: { readonly prompt?: bigint; readonly completion?: bigint; readonly request?: bigint; readonly image?: bigint; readonly audio?: bigint }
  readonly dataCollection: 'allow' | 'deny'
  readonly zdr: boolean
  /** Only models whose answers may train another one (C9). */
  readonly distillable?: boolean
  /** Tokens a second by percentile: misses demote, never drop. */
  readonly preferredMinThroughput?: PercentileCutoffs
  /** Seconds by percentile. */
  readonly preferredMaxLatency?: PercentileCutoffs
  readonly hedge?: HedgeWish
}

/** `provider.hedge`: a second endpoint is asked when the first is slow to speak. */
export interface HedgeWish {
  /** ms, or a percentile of the endpoint's own pace. */
  readonly after: number | 'p50' | 'p75' | 'p90' | 'p99'
  /** Endpoints asked at once, at most. */
  readonly max: number
}

export interface PercentileCutoffs { readonly p50?: number; readonly p75?: number; readonly p90?: number; readonly p99?: number }

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
export type Effort = (typeof EFFORTS)[number]

/** `reasoning`, `reasoning_effort` and `include_reasoning` (B21–B25) as one wish. */
export interface ReasoningWish {
  /** undefined: the client did not say, so the provider's default holds. */
  readonly enabled?: boolean
  readonly effort?: Effort
  readonly maxTokens?: number
  /** Think, but do not show it. */
  readonly exclude: boolean
  readonly summary?: string
}

export interface ToolCall {
  id: string
  type: 'function'
  function: { name: string; arguments: string }
  [key: string]: Json | undefined
}

export interface Part extends JsonObject {
  /** `text` `image_url` `file` `input_audio` `video_url`, or what we do not know and carry. */
  type: string
}

/** One message in the contract's chat shape; fields that we do not know are in it and are carried. */
export interface Message extends JsonObject {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function'
  content?: string | readonly Part[] | null
  name?: string
  tool_calls?: readonly ToolCall[]
  tool_call_id?: string
  reasoning?: string | null
  reasoning_content?: string | null
  reasoning_details?: readonly ReasoningDetail[] | null
  refusal?: string | null
}

export interface FunctionTool extends JsonObject {
  type: 'function'
  function: { name: string; description?: string; parameters?: JsonObject; strict?: boolean | null; [key: string]: Json | undefined }
}

/** The checked request body. Listed are the fields that we read; all others are carried as they came. */
export interface ChatBody extends JsonObject {
  model?: string
  messages: readonly Message[]
  stream?: boolean
  max_tokens?: number | null
  max_completion_tokens?: number | null
  temperature?: number | null
  top_p?: number | null
  top_k?: number | null
  stop?: string | readonly string[] | null
  seed?: number | null
  n?: number | null
  tools?: readonly (FunctionTool | JsonObject)[] | null
  tool_choice?: Json
  parallel_tool_calls?: boolean | null
  response_format?: JsonObject | null
  verbosity?: string | null
  logprobs?: boolean | null
  top_logprobs?: number | null
  user?: string | null
}

/** Something the client asked for that the chosen endpoint cannot be told: shown in router metadata, never silent. */
export interface Warning { readonly field: string; readonly why: string }
