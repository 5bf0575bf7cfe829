import type { Endpoint } from '../catalog/endpoint.ts'
import { priceAt, shareOf, worstCost } from '../catalog/price.ts'
import type { Call } from '../core/call.ts'
import { maxNano, type Nano } from '../core/nano.ts'
import { searchesMax } from './searches.ts'

/** Tokens of answer where neither the call nor the catalogue bounds them: a stated guess, the only one here. */
const COMPLETION_TOKENS_UNKNOWN = 16_384

/** Tokens of prompt and answer that the endpoint takes at most; infinite where the catalogue does not say. */
export function windowOf({ contextMax }: Endpoint): number {
  return contextMax > 0 ? contextMax : Infinity
}

/** The most tokens that this call's prompts can have at this endpoint: none reads more than its window, of each. For holds. */
export function promptTokensMax(call: Call, endpoint: Endpoint): number {
  return Math.min(call.needs.promptTokensMax, windowOf(endpoint) * (call.needs.prompts?.count ?? 1))
}

/** The most tokens that one choice of this call's answer can have at this endpoint. For holds. */
export function completionTokensMax(call: Call, endpoint: Endpoint): number {
  const window = windowOf(endpoint)
  const most = endpoint.outputMax ?? (window === Infinity ? COMPLETION_TOKENS_UNKNOWN : window)
  const { maxTokens } = call.needs
  return maxTokens === undefined ? most : endpoint.outputMax === undefined ? maxTokens : Math.min(maxTokens, most)
}

/** The worst case of what a call comes to by the endpoint's prices, whoever pays it. */
export function listPriceMax(call: Call, endpoint: Endpoint, completionTokens = completionTokensMax(call, endpoint)): Nano {
  return worstCost(priceAt(endpoint.price, call.createdMs), promptTokensMax(call, endpoint), completionTokens, call.needs.choices, 0, searchesMax(call))
}

/** The worst case of what a call costs here at the dearest of these endpoints. */
export function costMax(call: Call, steps: readonly { readonly endpoint: Endpoint }[]): Nano {
  let most = 0n
  for (const { endpoint } of steps) most = maxNano(most, chargeOf(listPriceMax(call, endpoint), endpoint))
  return most
}

/** What is paid here of a bill: on a key of the caller's own the bill is the caller's, and here only the fee is paid. */
export function chargeOf(bill: Nano, { ownKey }: Endpoint): Nano {
  return ownKey ? shareOf(bill, ownKey.feeBasisPoints) : bill
}
