import type { AccountOverrides } from '../accounts/operator-store.ts'
import { parseRates, ratesJson, type RatesJson } from '../catalog/rate-limits.ts'

/** What an account has in place of what holds for all. */
export function readOverrides(json: string): AccountOverrides {
  // Written by setOverrides.
  const { members_max: membersMax = null, rates } = JSON.parse(json) as Partial<OverridesJson>
  return { membersMax, rates: rates ? parseRates(rates) : null }
}

interface OverridesJson { readonly members_max: number | null; readonly rates: RatesJson | null }

export function overridesJson({ membersMax, rates }: AccountOverrides): OverridesJson {
  return { members_max: membersMax, rates: rates && ratesJson(rates) }
}
