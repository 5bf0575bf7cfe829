import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DialectName } from '../core/call.ts'
import type { Auth, ModelPolicy } from './endpoint.ts'

/** Prices as they stand in data: decimals of USD per million tokens; `request` and `image` are USD each. */
export interface PriceRow {
  readonly input: string
  readonly output: string
  readonly cache_read?: string
  readonly cache_write?: string
  readonly cache_write_1h?: string
  readonly reasoning?: string
  readonly input_audio?: string
  readonly output_audio?: string
  readonly request?: string
  readonly image?: string
  /** Prices of a prompt longer than `over` tokens. */
  readonly tiers?: readonly PriceTierRow[]
}

export interface PriceTierRow {
  readonly over: number
  readonly input?: string
  readonly output?: string
  readonly cache_read?: string
  readonly cache_write?: string
  readonly cache_write_1h?: string
}

/** How a model thinks, in data: efforts apart by blanks; `budget` and `mandatory` are there when they are true. */
export interface ReasoningRow {
  readonly efforts?: string
  readonly budget?: true
  readonly mandatory?: true
}

/** What a model can do. An endpoint says only what differs from its model. */
export interface AbilityRow {
  /** Modalities, apart by blanks. */
  readonly inputs?: string
  readonly outputs?: string
  readonly context?: number
  readonly output?: number
  /** `tools`, `structured`, `temperature`, `reasoning`: those it has, apart by blanks. */
  readonly can?: string
  readonly reasoning?: ReasoningRow
}

/** One model at one provider, in data. */
export interface EndpointRow extends AbilityRow {
  readonly provider: string
  /** What the provider calls it. */
  readonly upstream: string
  /** The service tier that this row is of; its variant is the same word. */
  readonly tier?: 'priority' | 'flex'
  /** Region or variant, behind the provider's slug in the tag. */
  readonly variant?: string
  /** Name of the provider's other dialect, where it serves this model by it. */
  readonly via?: string
  readonly prompt?: number
  /** Absent: not known. */
  readonly price?: PriceRow | 'free'
  readonly quantization?: string
  readonly deprecated?: true
}

/** One model, in data. */
export interface ModelRow extends AbilityRow {
  readonly id: string
  readonly name: string
  readonly description?: string
  readonly canonical?: string
  readonly aliases?: readonly string[]
  /** `2025-09-29`; a month or year alone where no more is known. */
  readonly released?: string
  readonly knowledge?: string
  readonly huggingFace?: string
  readonly endpoints: readonly EndpointRow[]
}

/** Where and how a provider is called. */
export interface ProviderAccessRow {
  /** `${NAME}` stands for a variable of the environment. */
  readonly url: string
  readonly dialect: DialectName
  readonly auth?: Auth
  readonly quirks?: readonly string[]
  /** Of another dialect: the models that the provider's main dialect serves as well, by upstream names apart by blanks (`*`, `!` before what it does not). Absent: it serves only those whose row names it. */
  readonly serves?: string
  /** Fields of a request in this dialect, and modalities, that the provider does not heed, apart by blanks. */
  readonly lacks?: string
}

/** One provider, in data: what it is and how to call it. */
export interface ProviderRow extends ProviderAccessRow {
  readonly slug: string
  readonly name: string
  readonly env: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
  /** Other dialects or addresses that it serves some models by. */
  readonly others?: Readonly<Record<string, ProviderAccessRow>>
  /** Request parameters that it takes beyond those every provider of its dialect does; `-name` for one it does not take. */
  readonly parameters?: readonly string[]
  readonly docs?: string
  readonly privacy?: string
  readonly terms?: string
  readonly status?: string
  readonly headquarters?: string
  /** What it says of the API's prompts, with its source. Absent: not known, so the safe side is taken. */
  readonly policy?: Omit<ModelPolicy, 'models'>
  /** Models of which it says something else; the first that fits holds. */
  readonly policies?: readonly ModelPolicy[]
  /** Where its machines are, by ISO codes or `EU`, with its source. */
  readonly hosting?: { readonly datacenters: readonly string[]; readonly source: string; readonly asOf: string }
  readonly bodyBytesMax?: number
}

const folder = import.meta.dir
let rows: { models: readonly ModelRow[]; providers: readonly ProviderRow[] } | undefined

/** The catalogue's data as `npm run catalogue` wrote it. Read once. */
export function catalogueRows(): { readonly models: readonly ModelRow[]; readonly providers: readonly ProviderRow[] } {
  // Both files are written by our builder, in these shapes; its tests check them.
  rows ??= { models: readJson('models', 'models.json') as ModelRow[], providers: readJson('providers', 'providers.json') as ProviderRow[] }
  return rows
}

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(folder, ...path), 'utf8'))
}
