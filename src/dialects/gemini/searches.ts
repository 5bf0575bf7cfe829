import type { Endpoint } from '../../catalog/endpoint.ts'
import { asArray, asObject, type Json } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'

/** Until Gemini 3 Google billed a grounded prompt, however often it searched for it; since then each search. */
const BILLS_PROMPTS = /gemini-(?:1|2)\b/

/** Counts the searches of one answer: Google says them in the grounding of candidates, in any chunk and more than once, and not in its usage. */
export class Searches {
  private readonly queries = new Set<string>()

  constructor(private readonly endpoint: Endpoint) {}

  /** True when the candidate says a search that none before it said. */
  take(candidate: Json): boolean {
    const before = this.queries.size
    const queries = asArray(asObject(asObject(candidate)?.['groundingMetadata'])?.['webSearchQueries']) ?? []
    for (const query of queries) if (typeof query === 'string' && query !== '') this.queries.add(query)
    return this.queries.size > before
  }

  /** The usage with the searches so far. */
  counted(usage: Usage): Usage {
    const { size } = this.queries
    if (size === 0) return usage
    return { ...usage, webSearches: BILLS_PROMPTS.test(this.endpoint.upstreamId) ? 1 : size, serverToolCalls: size }
  }
}
