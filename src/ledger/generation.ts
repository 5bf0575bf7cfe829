import type { Call } from '../core/call.ts'
import type { FinishReason } from '../core/event.ts'
import type { Nano } from '../core/nano.ts'
import type { Usage } from '../core/usage.ts'

/** One try of one endpoint, as the record keeps it. */
export interface AttemptRecord {
  readonly endpointId: string
  readonly provider: string
  readonly status: number | null
  /** undefined: it answered. */
  readonly fault?: string
  /** Called with a key of the caller's own. */
  readonly byok?: true
  /** The service tier that it asked for. */
  readonly tier?: 'flex' | 'priority'
  readonly latencyMs: number
}

/** The record of a finished call. No content in it. */
export interface Generation {
  /** The call's id. */
  readonly id: string
  readonly accountId: string
  readonly keyHash: string
  readonly createdMs: number
  /** Absent in records that are older than workspaces. */
  readonly workspaceId?: string
  /** What its cost is reported by, beside key and model: said with the call, or added by the key. */
  readonly tags?: Readonly<Record<string, string>>
  /** Concrete model and endpoint that answered (or was tried last). */
  readonly model: string
  readonly requestedModel: string
  readonly endpointId: string
  /** Provider's display name. */
  readonly provider: string
  /** The provider's own id for it. */
  readonly upstreamId: string | null
  readonly api: Call['api']
  readonly streamed: boolean
  readonly cancelled: boolean
  readonly finishReason: FinishReason | null
  readonly nativeFinishReason: string | null
  readonly usage: Usage
  readonly cost: Nano
  readonly upstreamCost: Nano
  /** Of `upstreamCost`, in whole nano-dollars: what cached tokens of the prompt came to, and searches of the web. Absent: nothing. */
  readonly cacheNano?: number
  readonly webNano?: number
  /** What caching took off `upstreamCost`, below zero where writing a cache cost more than it saved. Absent: nothing. */
  readonly cacheDiscountNano?: number
  readonly byok: boolean
  readonly attempts: readonly AttemptRecord[]
  /** ms from taking the call to the first token; null when none came. */
  readonly latencyMs: number | null
  /** ms from the first token to the end. */
  readonly generationMs: number | null
  /** Fault code when it failed. */
  readonly fault: string | null
  readonly referer: string | null
  readonly title: string | null
  /** `X-OpenRouter-Categories` as it came, where it did. */
  readonly categories?: string
  /** `User-Agent` as it came, cut at 256 characters. */
  readonly userAgent?: string
  /** The preset that it was made with. */
  readonly presetId?: string
  /** The service tier that the provider says it used. */
  readonly serviceTier?: string
  /** Images, files, audio and videos that were sent, and how many of them were audio. Absent in older records. */
  readonly promptMedia?: number
  readonly promptAudio?: number
  readonly user: string | null
  readonly sessionId: string | null
  /** The wallet of the reseller's customer that it was charged to as well, and what the customer paid. */
  readonly wallet?: { readonly id: string; readonly cost: Nano }
  /** The region that it had to stay in. */
  readonly region?: 'eu' | 'us'
  /** Of a copy of a call that the operator's mirror was asked: the id of that call. It is charged to nobody. */
  readonly mirrorOf?: string
  /** The router that the client named in the place of a model. */
  readonly router?: string
  /** The call that this one was made for, where a router makes several of one. */
  readonly parentId?: string
  /** Calls that were made for this one; each has its own record and its own cost. */
  readonly innerIds?: readonly string[]
}
