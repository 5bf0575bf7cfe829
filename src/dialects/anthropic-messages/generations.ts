import type { Effort } from '../../core/call.ts'
import type { Endpoint } from '../../catalog/endpoint.ts'

/** What models of one generation take and refuse. Facts of the provider's pages on extended and adaptive thinking,
 * effort, structured outputs and mid-conversation system messages, and of the contract (B31), as of autumn 2026. */
export interface Generation {
  /** undefined: every family. */
  readonly families?: readonly string[]
  /** Major and minor version that it begins with. */
  readonly from: readonly [number, number]
  /** How it can be told to think: not at all, by a budget, adaptively, or by either. */
  readonly thinking: 'none' | 'budget' | 'both' | 'adaptive'
  /** It thinks when nothing is said. */
  readonly thinksUnasked?: boolean
  /** It cannot be told not to think. */
  readonly thinkingMandatory?: boolean
  /** Its thinking comes empty unless `display` asks for the summary. */
  readonly thinkingHidden?: boolean
  /** Values of `output_config.effort`; none: the field is refused. */
  readonly efforts: readonly Effort[]
  /** Beta that `output_config.effort` needs. */
  readonly effortBeta?: string
  /** temperature and top_p: both at once, one of them, or neither (then no top_k either). */
  readonly sampling: 'both' | 'one' | 'none'
  /** It continues a last message of the assistant. */
  readonly prefill: boolean
  /** `output_config.format` and strict tools. */
  readonly structured: boolean
  /** Takes `role: system` within `messages`. */
  readonly midSystem: boolean
  /** Takes `eager_input_streaming` on tools. */
  readonly eagerTools: boolean
  /** Tokens of one answer; for endpoints of which the catalogue does not know. */
  readonly outputMax?: number
}

const LOW_TO_MAX: readonly Effort[] = ['low', 'medium', 'high', 'xhigh', 'max']

const FIVE: Generation = {
  from: [5, 0], thinking: 'adaptive', thinksUnasked: true, thinkingHidden: true, efforts: LOW_TO_MAX, sampling: 'none',
  prefill: false, structured: true, midSystem: true, eagerTools: true, outputMax: 128_000,
}
const FOUR_SEVEN: Generation = { ...FIVE, from: [4, 7], thinksUnasked: false, midSystem: false }
const FOUR_FIVE: Generation = {
  from: [4, 5], thinking: 'budget', efforts: [], sampling: 'one', prefill: true, structured: true, midSystem: false, eagerTools: true, outputMax: 64_000,
}
const FOUR: Generation = { ...FOUR_FIVE, from: [4, 0], sampling: 'both', structured: false }
const THREE_SEVEN: Generation = { ...FOUR, from: [3, 7], eagerTools: false }

/** Newest first: the first row whose family and version fit decides. */
export const GENERATIONS: readonly Generation[] = [
  { ...FIVE, families: ['fable', 'mythos'], thinkingMandatory: true },
  { ...FIVE, from: [5, 5] },
  { ...FIVE, families: ['sonnet', 'haiku'], midSystem: false },
  FIVE,
  { ...FOUR_SEVEN, from: [4, 8], midSystem: true },
  FOUR_SEVEN,
  { ...FOUR_FIVE, families: ['opus'], from: [4, 6], thinking: 'both', efforts: ['low', 'medium', 'high', 'max'], prefill: false, outputMax: 128_000 },
  { ...FOUR_FIVE, from: [4, 6], thinking: 'both', efforts: ['low', 'medium', 'high', 'max'], prefill: false },
  { ...FOUR_FIVE, families: ['opus'], efforts: ['low', 'medium', 'high'], effortBeta: 'effort-2025-11-24' },
  FOUR_FIVE,
  { ...FOUR_FIVE, families: ['opus'], from: [4, 1], outputMax: 32_000 },
  { ...FOUR, families: ['opus'], outputMax: 32_000 },
  FOUR,
  THREE_SEVEN,
  { ...THREE_SEVEN, from: [3, 5], thinking: 'none', outputMax: 8_192 },
  { ...THREE_SEVEN, from: [0, 0], thinking: 'none', outputMax: 4_096 },
]

/** `claude-sonnet-4-5-20250929`, `claude-opus-4@20250514`, `claude-3-7-sonnet-…`, `claude-4.7-opus`; a date is no minor version. */
const CLAUDE = /claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2})(?!\d))?(?:-([a-z]+))?/

/** The rules of an endpoint's model. Models of others that speak this dialect are told what the catalogue says of them. */
export function generationOf(endpoint: Endpoint): Generation {
  const id = [endpoint.upstreamId, endpoint.modelId].map((name) => name.toLowerCase()).find((name) => name.includes('claude'))
  if (id === undefined) return otherModel(endpoint)
  const match = CLAUDE.exec(id)
  // A Claude without a number is an alias of the newest.
  if (!match) return FIVE
  const [, before, major, minor = '0', after = ''] = match
  const family = before ?? after
  const version = Number(major) * 100 + Number(minor)
  return GENERATIONS.find((row) => version >= row.from[0] * 100 + row.from[1] && (row.families?.includes(family) ?? true)) ?? FIVE
}

/** An endpoint that declares no parameters takes everything. */
function otherModel(endpoint: Endpoint): Generation {
  const { parameters, reasoning } = endpoint
  const takes = (parameter: string): boolean => parameters === null || parameters.has(parameter)
  return {
    from: [0, 0], thinking: reasoning || takes('reasoning') ? 'budget' : 'none', thinkingMandatory: reasoning?.mandatory ?? false, efforts: [], sampling: 'both',
    prefill: true, structured: takes('structured_outputs'), midSystem: false, eagerTools: parameters === null,
  }
}
