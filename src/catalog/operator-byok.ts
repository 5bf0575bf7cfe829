import { parseUsd } from '../core/nano.ts'
import type { ByokTerms } from './endpoint.ts'
import { byKey, type Place, type YamlReader } from './yaml-reader.ts'

const PERCENT_MAX = 100

/** `byok: { fee_percent: "5", monthly_allowance: "25000" }`: what calls on keys that callers bring cost. No fee where none is said. */
export function readByok(reader: YamlReader, place: Place): ByokTerms | undefined {
  const at = byKey(reader.map(place, ['fee_percent', 'monthly_allowance']))
  const feeBasisPoints = at.fee_percent ? readPercent(reader, at.fee_percent) : 0
  const allowance = at.monthly_allowance ? readAmount(reader, at.monthly_allowance) : 0n
  return feeBasisPoints === undefined || allowance === undefined ? undefined : { feeBasisPoints, allowance }
}

function readPercent(reader: YamlReader, place: Place): number | undefined {
  const text = reader.string(place)
  if (text === undefined) return undefined
  const match = /^(\d{1,3})(?:\.(\d{1,2}))?$/.exec(text)
  const basisPoints = match ? Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0')) : Number.NaN
  return basisPoints <= PERCENT_MAX * 100 ? basisPoints : reader.wrong(place, 'must be a percentage from 0 to 100 with at most two decimals, as "5"')
}

function readAmount(reader: YamlReader, place: Place): bigint | undefined {
  const text = reader.string(place)
  const amount = text === undefined ? undefined : parseUsd(text)
  return amount !== undefined && amount >= 0n ? amount : reader.wrong(place, 'must be an amount of USD, as "25000"')
}
