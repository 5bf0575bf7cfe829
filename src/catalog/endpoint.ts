import type { DialectName, Effort, Modality } from '../core/call.ts'
import type { Nano } from '../core/nano.ts'
import type { OperatorRouters } from './operator-routers.ts'
import type { PolicyRules } from './policy-rules.ts'
import type { RateLimits } from './rate-limits.ts'
import type { Alias } from './alias.ts'
import type { CallerCredential } from './caller-credential.ts'

/**
 * What an endpoint charges. `free` costs nothing and says so; `unpriced` is not known: it never bills as zero in
 * silence (a call to it is refused unless the operator allows it by `unpriced: allow`).
 * Token prices are nano-dollars per million tokens; `request` and `image` are nano-dollars each.
 */
export interface Price {
  readonly state: 'priced' | 'free' | 'unpriced'
  readonly prompt: Nano
  readonly completion: Nano
  /** undefined: cached tokens cost what the prompt costs. */
  readonly cacheRead?: Nano
  readonly cacheWrite?: Nano
  /** Writes that live an hour; undefined: as `cacheWrite`. */
  readonly cacheWriteHour?: Nano
  /** undefined: reasoning costs what the completion costs. */
  readonly reasoning?: Nano
  readonly audioInput?: Nano
  readonly audioOutput?: Nano
  readonly request?: Nano
  readonly image?: Nano
  /** Each search of the web, as `Usage.webSearches` counts them; undefined: not known. */
  readonly webSearch?: Nano
  /** Prices that hold once the prompt is longer than `promptTokensOver` (contract C59); the last that applies wins per key. */
  readonly overrides?: readonly PriceOverride[]
}

/** Minutes of the day, UTC; from the first to before the second, over midnight where the second is less. */
export interface UtcHours { readonly fromMinute: number; readonly toMinute: number }

export interface PriceOverride {
  /** −1: whatever the prompt's size. */
  readonly promptTokensOver: number
  readonly hours?: UtcHours
  readonly prompt?: Nano
  readonly completion?: Nano
  readonly cacheRead?: Nano
  readonly cacheWrite?: Nano
  readonly cacheWriteHour?: Nano
}

/** How we show a credential to a provider. */
export type Auth = 'bearer' | 'x-api-key' | 'x-goog-api-key' | 'api-key' | 'none' | 'sigv4' | 'google-jwt'

/** Who signs a request to AWS (SigV4). */
export interface AwsAccount {
  readonly kind: 'aws'
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Who asks Google for tokens: a service account, of whose JSON these are the parts that count. */
export interface GoogleAccount {
  readonly kind: 'google'
  readonly email: string
  /** PEM. */
  readonly privateKey: string
  readonly keyId?: string
  /** Where its signed assertion is exchanged for an access token. */
  readonly tokenUrl: string
}

/** Named ways in which providers stray from their dialect. Each is read in one place of that dialect, `quirks.ts`. */
export type Quirk = string

export interface Provider {
  /** `anthropic`, `groq`, `google-vertex`, … */
  readonly slug: string
  /** Display name: `Anthropic`. */
  readonly name: string
  readonly baseUrl: string
  readonly dialect: DialectName
  readonly auth: Auth
  /** Environment variables that can hold its credential, first found wins. */
  readonly env: readonly string[]
  readonly quirks: ReadonlySet<Quirk>
  /** Extra headers of every request. */
  readonly headers: Readonly<Record<string, string>>
  /** The secret, when we have one. Never shown, logged or compared in messages. */
  readonly credential?: string
  /** Where the credential is more than a word to show: who signs with it. As secret as `credential`. */
  readonly account?: AwsAccount | GoogleAccount
  /** The project that its paths name and that pays (Vertex). */
  readonly project?: string
  /** Where it answers: AWS's region, Vertex's location. */
  readonly region?: string
  /** The dated version that older addresses of Azure demand; with one, they name the deployment in the path too. */
  readonly apiVersion?: string
  /** The whole address of its calls, where it is the address of one deployment: nothing is joined to it. */
  readonly callUrl?: string
  /** Fields of this dialect's request, and modalities, that it takes without heeding them or not at all. */
  readonly lacks?: ReadonlySet<string>
  /** The same provider by its other dialects, each with the models that it serves by this one and by that. */
  readonly alternatives?: readonly Alternative[]
  /** Why it can't be called now: undefined when it can. `no credential`, `turned off`, `no address: set AWS_REGION`. */
  readonly notReady?: string
  readonly docsUrl?: string
  readonly privacyPolicyUrl?: string
  readonly termsUrl?: string
  readonly statusPageUrl?: string
  readonly headquarters?: string
  /** Unknown counts as retaining and training (safe side). */
  readonly retainsPrompts: boolean
  readonly mayTrain: boolean
  readonly retentionDays?: number
  /** Whether free endpoints may publish prompts; undefined: nobody said. */
  readonly publishes?: boolean
  /** Where what it keeps and trains on was read, and when. */
  readonly policySource?: string
  readonly policyAsOf?: string
  /** Models that it treats otherwise than the rest. Read by `data-policy.ts`. */
  readonly modelPolicies?: readonly ModelPolicy[]
  /** Where its machines are, where it says so: countries by ISO code, or `EU`. */
  readonly datacenters?: readonly string[]
  /** Bytes of one request this provider takes, where it says so. */
  readonly bodyBytesMax?: number
  /** Calls at once to all its models, where the operator limits them. */
  readonly concurrencyMax?: number
  readonly timeouts?: Partial<Timeouts>
}

/** What a provider says of the prompts of some of its models. */
export interface ModelPolicy {
  /** Ids of models, apart by blanks, with `*` and `!`. */
  readonly models: string
  readonly retains: boolean
  readonly days?: number
  readonly trains: boolean
  readonly publishes?: boolean
  readonly source: string
  readonly asOf: string
}

/** A provider by another dialect than the one that it is known by. */
export interface Alternative {
  readonly provider: Provider
  /** The provider's own names of models, with `*` for anything; a `!` before one takes it away again. */
  readonly serves: readonly string[]
}

/** Phases of a provider call, in ms. */
export interface Timeouts {
  /** From sending to the response's head, when the answer is streamed. */
  readonly headMsMax: number
  /** From sending to the whole answer, when it is not streamed. */
  readonly replyMsMax: number
  /** From the head to the first event that says something. */
  readonly firstEventMsMax: number
  /** Between two events (a ping counts as one). */
  readonly idleMsMax: number
}

/** How a model thinks, where it does. */
export interface ReasoningSupport {
  readonly efforts?: readonly Effort[]
  /** It takes a token budget. */
  readonly budget: boolean
  /** It can't be turned off. */
  readonly mandatory: boolean
}

/** A provider's faster, or cheaper and slower, service of a model, at prices of its own (contract C39, C40). */
export type ServiceTier = 'priority' | 'flex'

/** A key of the provider's that the caller's workspace brought, and what a call on it costs here. */
export interface OwnKey {
  readonly id: string
  /** For people: its name, or the snippet that it is known by. */
  readonly label: string
  /** Of several keys for one endpoint, the lowest is tried first. */
  readonly order: number
  /** It comes after the shared endpoints, not before them. */
  readonly isFallback: boolean
  /** Hundredths of a percent of the list price, above the month's allowance. */
  readonly feeBasisPoints: number
  /** Where the secret is kept, when it is not here. */
  readonly reference?: string
}

/** What calls on keys that callers bring cost here (contract H15). */
export interface ByokTerms {
  readonly feeBasisPoints: number
  /** What an account's calls on own keys may come to at list prices, in a month, before there is a fee. */
  readonly allowance: Nano
}

/** One model at one provider. */
export interface Endpoint {
  /** `anthropic/claude-sonnet-4.5@anthropic`, unique in a snapshot. */
  readonly id: string
  readonly modelId: string
  /** Slug of the provider, with region or variant where there are several: `google-vertex/us-east5`, `groq`. */
  readonly tag: string
  readonly provider: Provider
  /** What the provider calls the model. */
  readonly upstreamId: string
  /** The same endpoint by its provider's other dialects: `upstream/spoken.ts` takes the one that loses least of a call. */
  readonly alternatives?: readonly Endpoint[]
  readonly price: Price
  /** `price` is list price with the operator's markup (hundredths of a percent, a discount below zero): what it is without, for what the provider is paid. */
  readonly markup?: { readonly basisPoints: number; readonly list: Endpoint }
  /** The service tier that this endpoint asks for; it is met only by those who ask. */
  readonly tier?: ServiceTier
  /** Where the provider has tiers: what the model costs at the one that it says it used. */
  readonly tierPrices?: ReadonlyMap<'default' | ServiceTier, Price>
  /** Tokens of prompt and answer together. */
  readonly contextMax: number
  /** Tokens of the answer, undefined when not known. */
  readonly outputMax?: number
  readonly promptMax?: number
  /** Calls at once, where the operator limits them. */
  readonly concurrencyMax?: number
  /** Names as in the contract's `supported_parameters`; null: takes everything (an operator's model that says nothing). */
  readonly parameters: ReadonlySet<string> | null
  readonly inputs: ReadonlySet<Modality> | null
  readonly outputs: ReadonlySet<Modality>
  readonly reasoning?: ReasoningSupport
  readonly quantization: string
  readonly deprecated: boolean
  /** Called with the caller's own key: a copy of the shared endpoint, for those who may use that key (contract H12). */
  readonly ownKey?: OwnKey
  /** Of such a copy, whose `price` is list price: the operator's markup on the shared endpoint. A reseller's customer pays as if the call went there. */
  readonly sharedBasisPoints?: number
  /** Accounts and keys (by hash) that may see and call it; undefined: all (contract C58). */
  readonly visibleTo?: ReadonlySet<string>
}

export interface Model {
  /** `author/slug`. */
  readonly id: string
  /** Dated id that does not move (`canonical_slug`), same as `id` when there is none. */
  readonly canonicalSlug: string
  readonly name: string
  readonly description: string
  /** Seconds since the epoch. */
  readonly created: number
  readonly huggingFaceId?: string
  readonly knowledgeCutoff?: string
  readonly expirationDate?: string
  /** Its maker lets its answers train other models, as the operator says. Not known counts as no. */
  readonly distillable?: boolean
  readonly inputs: readonly Modality[]
  readonly outputs: readonly Modality[]
  /** Longest of its endpoints. */
  readonly contextMax: number
  readonly tokenizer: string
  readonly instructType?: string
  /** All its endpoints, ready or not, in the catalogue's order. */
  readonly endpoints: readonly Endpoint[]
}

/** What the operator asks over list price, or less (below zero), in hundredths of a percent; of all accounts, models and providers that it does not name. */
export interface Markup {
  readonly account?: string
  /** An id, or all of a maker's: `openai/*`. */
  readonly model?: string
  readonly provider?: string
  readonly basisPoints: number
}

/** One frozen view of the catalogue. A call keeps the one it started with. */
export interface Snapshot {
  /** Grows with each change. */
  readonly version: number
  readonly models: ReadonlyMap<string, Model>
  readonly providers: ReadonlyMap<string, Provider>
  /** Other names of models (canonical slugs, old ids) → id. Lower case. */
  readonly aliases: ReadonlyMap<string, string>
  /** The operator's aliases by name, lower case; none where there is no file. Their models' ids are as `models` has them. */
  readonly ownAliases?: ReadonlyMap<string, Alias>
  /** The operator wrote `unpriced: allow`: endpoints whose price is not known may be called, and bill nothing. */
  readonly unpricedAllowed?: boolean
  /** The operator's rules for all accounts. */
  readonly policy?: PolicyRules
  /** Who is asked where a router could choose among many. */
  readonly routers?: OperatorRouters
  /** What the operator asks over list price: `priced.ts` makes the prices of it. */
  readonly markups?: readonly Markup[]
  /** What calls on keys that callers bring cost; nothing where the operator says nothing. */
  readonly byok?: ByokTerms
  /** The endpoints of a provider as they are with a caller's credential: none where there is no such provider. */
  readonly endpointsWith?: (slug: string, credential: CallerCredential) => readonly Endpoint[]
  /** How much may be asked, and by whom; the contract's limits of free models where the operator says nothing. */
  readonly rateLimits?: RateLimits
}
