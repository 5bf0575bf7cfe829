import type { Alias, Arm, Mirror } from './alias.ts'
import { byKey, type Entry, type Place, type YamlReader } from './yaml-reader.ts'

/** Reads a model's name at its place: an id in lower case of a model that there is; undefined where it said what is wrong. */
export type ReadModel = (place: Place, text: string) => string | undefined

const ARMS_MAX = 20
/** Percentages have two decimals: they are summed as whole hundredths. */
const HUNDREDTHS = 100
const WHOLE = 100 * HUNDREDTHS
const PERCENT = /^(\d{1,3}(?:\.\d{1,2})?)\s*%$/
const ARM = /^(\S+?)\s*%\s*(.+)$/

/**
 * One entry of `aliases`: a model's id, shares of several (`90% a/x, 10% b/y`), or a map of `to`, `mirror`, `fallbacks`
 * and `hidden`. Undefined where something is wrong, which has been said then.
 */
export function readAlias(reader: YamlReader, entry: Entry, readModel: ReadModel): Alias | undefined {
  const name = entry.key.toLowerCase()
  if (!reader.isMap(entry)) {
    const arms = readArms(reader, entry, readModel)
    return arms && { name, arms, fallbacks: [], hidden: false }
  }
  const at = byKey(reader.map(entry, ['to', 'mirror', 'fallbacks', 'hidden']))
  if (!at.to) return reader.wrong(entry, 'needs `to`: a model, or shares of several ("90% a/x, 10% b/y")')
  const arms = readArms(reader, at.to, readModel)
  const mirror = at.mirror && readMirror(reader, at.mirror, readModel)
  const fallbacks = at.fallbacks ? reader.list(at.fallbacks).flatMap((place) => readOne(reader, place, readModel) ?? []) : []
  const hidden = at.hidden ? reader.boolean(at.hidden) : false
  return arms && { name, arms, fallbacks, hidden: hidden ?? false, ...(mirror && { mirror }) }
}

function readOne(reader: YamlReader, place: Place, readModel: ReadModel): string | undefined {
  const text = reader.string(place)
  return text === undefined ? undefined : readModel(place, text)
}

function readArms(reader: YamlReader, place: Place, readModel: ReadModel): readonly Arm[] | undefined {
  const text = reader.string(place)
  if (text === undefined) return undefined
  if (!text.includes('%')) {
    const id = readModel(place, text)
    return id === undefined ? undefined : [{ id, percent: 100 }]
  }
  const pieces = text.split(',')
  if (pieces.length > ARMS_MAX) return reader.wrong(place, `has ${pieces.length} shares; there may be ${ARMS_MAX}`)
  const arms = pieces.map((piece) => readArm(reader, place, piece.trim(), readModel))
  // One that is missing was wrong, and that was said.
  if (!arms.every((arm) => arm !== undefined)) return undefined
  const twice = arms.find(({ id }, index) => arms.findIndex((other) => other.id === id) !== index)
  if (twice) return reader.wrong(place, `names ${twice.id} twice: give it one share`)
  const sum = arms.reduce((total, { percent }) => total + Math.round(percent * HUNDREDTHS), 0)
  return sum === WHOLE ? arms : reader.wrong(place, `the shares come to ${sum / HUNDREDTHS}%; they must come to 100%`)
}

function readArm(reader: YamlReader, place: Place, piece: string, readModel: ReadModel): Arm | undefined {
  const [, share = '', name = ''] = ARM.exec(piece) ?? []
  const percent = percentOf(`${share}%`)
  if (percent === undefined) return reader.wrong(place, `"${piece}" is no share: write a percentage and a model, as in "90% a/x, 10% b/y" (at most two decimals)`)
  const id = readModel(place, name.trim())
  return id === undefined ? undefined : { id, percent }
}

function readMirror(reader: YamlReader, place: Place, readModel: ReadModel): Mirror | undefined {
  const at = byKey(reader.map(place, ['to', 'share']))
  if (!at.to || !at.share) return reader.wrong(place, 'needs `to`, a model, and `share`, as in { to: c/z, share: 5% }')
  const id = readOne(reader, at.to, readModel)
  const text = reader.string(at.share)
  const percent = text === undefined ? undefined : percentOf(text)
  if (text !== undefined && percent === undefined) return reader.wrong(at.share, 'must be a percentage from 0% to 100%, with at most two decimals')
  return id === undefined || percent === undefined ? undefined : { id, percent }
}

/** 0–100; undefined for what is no percentage. */
function percentOf(text: string): number | undefined {
  const found = PERCENT.exec(text.trim())?.[1]
  return found === undefined || Number(found) > 100 ? undefined : Number(found)
}
