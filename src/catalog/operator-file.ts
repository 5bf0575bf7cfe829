import type { DialectName, Modality } from '../core/call.ts'
import type { Nano } from '../core/nano.ts'
import type { Alias } from './alias.ts'
import type { Auth, ByokTerms, Markup, Price, ReasoningSupport, ServiceTier, Timeouts } from './endpoint.ts'
import type { OperatorRouters } from './operator-routers.ts'
import type { OperatorSecrets } from './operator-secrets.ts'
import type { PolicyRules } from './policy-rules.ts'
import type { RateLimits } from './rate-limits.ts'

/** What a provider has agreed with the operator about prompts. */
export interface OperatorDataPolicy {
  readonly retains?: boolean
  readonly retentionDays?: number
  readonly trains?: boolean
  readonly publishes?: boolean
  readonly source?: string
  readonly asOf?: string
}

/** A provider as the operator (or discovery) says it. What is not said is kept from the built-in one of that slug. */
export interface OperatorProvider {
  readonly slug: string
  readonly name?: string
  readonly baseUrl?: string
  readonly apiKey?: string
  /** Why a secret of it that is kept elsewhere is not here. */
  readonly withheld?: string
  /** A service account's JSON, or the path of its file (Vertex). */
  readonly serviceAccount?: string
  readonly project?: string
  readonly location?: string
  /** An identity that signs, and the region where (Bedrock). */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly sessionToken?: string
  readonly region?: string
  /** Azure's resource and, for addresses of deployments, the version of its API. */
  readonly resource?: string
  readonly apiVersion?: string
  readonly dialect?: DialectName
  /** Other dialects that it speaks, beside `dialect`. */
  readonly dialects?: ReadonlyMap<DialectName, OperatorDialect>
  readonly auth?: Auth
  readonly headers?: Readonly<Record<string, string>>
  readonly quirks?: readonly string[]
  /** false: turned off. */
  readonly enabled?: boolean
  readonly timeouts?: Partial<Timeouts>
  readonly retainsPrompts?: boolean
  readonly mayTrain?: boolean
  readonly dataPolicy?: OperatorDataPolicy
  /** Where its machines are: ISO codes of countries, or `EU`. */
  readonly regions?: readonly string[]
  /** ISO code of the country that it is from. */
  readonly headquarters?: string
  readonly bodyBytesMax?: number
  /** Calls at once to all its models. */
  readonly concurrencyMax?: number
  readonly models?: readonly OperatorModel[]
}

/** One more dialect of a provider, as the operator says it. What is not said is the provider's. */
export interface OperatorDialect {
  /** false: it is not spoken, though the catalogue knows of it. */
  readonly enabled?: boolean
  readonly baseUrl?: string
  readonly auth?: Auth
  readonly quirks?: readonly string[]
  readonly lacks?: readonly string[]
  /** Upstream names of the models that it serves, with `*` and `!`; all by default. */
  readonly serves?: readonly string[]
}

/** A model that an operator's provider serves. No capabilities named: it takes everything. No price: unpriced. */
export interface OperatorModel {
  readonly id: string
  readonly upstreamId?: string
  readonly name?: string
  readonly description?: string
  readonly contextMax?: number
  readonly outputMax?: number
  /** Calls at once. */
  readonly concurrencyMax?: number
  readonly price?: Price
  readonly inputs?: readonly Modality[]
  readonly outputs?: readonly Modality[]
  readonly parameters?: readonly string[]
  readonly reasoning?: ReasoningSupport
  readonly quantization?: string
  /** Accounts and keys (by hash) that it is there for; all, where it is not said. */
  readonly visibleTo?: readonly string[]
  /** What the model costs at the provider's own service tiers: each is an endpoint of its own. */
  readonly tierPrices?: ReadonlyMap<ServiceTier, Price>
}

/** What the operator changes about a model wherever it is served. */
export interface ModelOverride {
  readonly enabled?: boolean
  readonly name?: string
  readonly price?: Price
  readonly contextMax?: number
  readonly outputMax?: number
  /** From then on it is called no more. */
  readonly expirationDate?: string
  /** Its answers may train other models. */
  readonly distillable?: boolean
}

/** Settings of the process that may stand in the file too; flags and the environment win over them. */
export interface OperatorServer {
  readonly port?: number
  readonly data?: string
  readonly bodyBytesMax?: number
  readonly journalFsync?: 'always' | 'interval' | 'never'
  readonly initialCredits?: Nano
  /** `egress: { enabled: false }`: URLs in content are fetched for nobody. */
  readonly egressEnabled?: boolean
  /** `egress: { allow_private: true }`: URLs in content may lead to private addresses. */
  readonly egressPrivate?: boolean
  /** `redis://…`: through it nodes share what may be lost. */
  readonly redisUrl?: string
  /** `postgres://…`: where accounts, keys and money are kept. */
  readonly databaseUrl?: string
}

/** `pdf: { ocr: … }`: an OCR engine that speaks Mistral's protocol. */
export interface OperatorOcr {
  /** `https://api.mistral.ai/v1`: `/ocr` is joined to it. */
  readonly baseUrl: string
  readonly model: string
  readonly apiKey?: string
}

/** How many days rows are kept, by kind. What is not said stays for ever. */
export interface OperatorRetention { readonly generationsDays?: number; readonly windowsDays?: number; readonly changesDays?: number }

/** The operator's file, checked. */
export interface OperatorFile {
  readonly providers: readonly OperatorProvider[]
  /** By model id, lower case. */
  readonly models: ReadonlyMap<string, ModelOverride>
  /** By other name, lower case. */
  readonly aliases: ReadonlyMap<string, Alias>
  readonly unpriced: 'allow' | 'refuse'
  readonly server: OperatorServer
  /** Who reads PDFs that a model cannot. */
  readonly ocr?: OperatorOcr
  readonly routers?: OperatorRouters
  /** When old rows of the store are removed. */
  readonly retention?: OperatorRetention
  /** What holds for every account. */
  readonly policy?: PolicyRules
  /** How much may be asked, and by whom. */
  readonly rateLimits?: RateLimits
  /** Where secrets are that are named by reference. */
  readonly secrets?: OperatorSecrets
  /** What calls on keys that callers bring cost. */
  readonly byok?: ByokTerms
  /** What is asked over list price. */
  readonly markups?: readonly Markup[]
}

export const EMPTY_OPERATOR_FILE: OperatorFile = Object.freeze({ providers: [], models: new Map(), aliases: new Map(), unpriced: 'refuse', server: {} })

/** What is wrong with the file, and where. */
export interface OperatorError {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `providers.acme.models[0].id`, '' for the whole file. */
  readonly path: string
  /** What to change. */
  readonly message: string
}

/** `switchyard.yaml:7:9: providers.acme.models[0].id: …` */
export function sayOperatorError(error: OperatorError): string {
  return `${error.file}:${error.line}:${error.column}: ${error.path && `${error.path}: `}${error.message}`
}
