import type { EndpointRow } from './rows.ts'

/** Regions that may call an inference profile by the geography that its name begins with (docs.aws.amazon.com/bedrock, 2026-11). */
const GEOGRAPHIES: Readonly<Record<string, RegExp>> = {
  global: /^(?!us-gov-|cn-)/, us: /^(?:us-(?!gov-)|ca-)/, 'us-gov': /^us-gov-/, eu: /^eu-/, jp: /^ap-northeast-[13]$/, au: /^ap-southeast-[246]$/, apac: /^ap-/, ca: /^ca-/,
}

/**
 * Those of a model's offers on Bedrock that can be called from a region: profiles of other geographies are refused there, and
 * a model that has a profile for the region is mostly not to be had without one. Unknown variants stay.
 */
export function offersInRegion(offers: readonly EndpointRow[], provider: string, region: string): readonly EndpointRow[] {
  const isIts = (offer: EndpointRow): boolean => offer.provider === provider && offer.via === undefined
  const fits = (offer: EndpointRow): boolean => offer.variant === undefined || !Object.hasOwn(GEOGRAPHIES, offer.variant) || GEOGRAPHIES[offer.variant]?.test(region) === true
  const hasProfile = offers.some((offer) => isIts(offer) && offer.variant !== undefined && fits(offer))
  return offers.filter((offer) => !isIts(offer) || (offer.variant === undefined ? !hasProfile : fits(offer)))
}
