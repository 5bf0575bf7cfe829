import type { Endpoint } from '../../catalog/endpoint.ts'
import { isClaude } from '../signer.ts'

/** What the models of one maker take of Converse, as its API reference and recorded refusals say (2026-11). */
export interface Family {
  readonly name: 'claude' | 'nova' | 'mistral' | 'gpt-oss' | 'qwen' | 'other'
  /** `any` and one named tool; the others choose by themselves. */
  readonly forcesTools: boolean
  /** Takes cache points; the others refuse a request that has one. */
  readonly caches: boolean
  /** A conversation may begin with the assistant. */
  readonly startsAnywhere: boolean
  /** Continues a last message of the assistant. */
  readonly prefills: boolean
  /** Refuses results of tools and anything else in one turn. */
  readonly resultsAlone: boolean
  /** Takes tool ids of nine letters and digits only. */
  readonly shortToolIds: boolean
  /** Kinds of files that a tool's result can hold beside text. */
  readonly inResults: ReadonlySet<string>
}

const PLAIN: Family = { name: 'other', forcesTools: false, caches: false, startsAnywhere: false, prefills: false, resultsAlone: false, shortToolIds: false, inResults: new Set(['image', 'document']) }
const FAMILIES: readonly { readonly id: RegExp; readonly family: Family }[] = [
  { id: /\bamazon\.nova\b/, family: { ...PLAIN, name: 'nova', forcesTools: true, caches: true, prefills: true, inResults: new Set(['image', 'document', 'video']) } },
  { id: /\bmistral\./, family: { ...PLAIN, name: 'mistral', forcesTools: true, resultsAlone: true, shortToolIds: true, inResults: new Set(['document']) } },
  { id: /\bopenai\.gpt-oss\b/, family: { ...PLAIN, name: 'gpt-oss' } },
  { id: /\bqwen\./, family: { ...PLAIN, name: 'qwen' } },
]
const CLAUDE: Family = { ...PLAIN, name: 'claude', forcesTools: true, caches: true, startsAnywhere: true }

/** The family of an endpoint's model. An inference profile's name does not tell it, so the model's own does. */
export function bedrockFamily(endpoint: Endpoint): Family {
  if (isClaude(endpoint)) return CLAUDE
  const id = `${endpoint.upstreamId} ${endpoint.modelId.replace(/^amazon\/nova/, 'amazon.nova').replace(/^mistralai\//, 'mistral.').replace('/', '.')}`
  return FAMILIES.find((row) => row.id.test(id))?.family ?? PLAIN
}
