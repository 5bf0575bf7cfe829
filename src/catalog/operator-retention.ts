import type { OperatorRetention } from './operator-file.ts'
import { byKey, said, type Place, type YamlReader } from './yaml-reader.ts'

const DAYS_MAX = 36_500
/** Shorter than this, a journal that comes back late could be older than what is kept. */
const GENERATIONS_DAYS_MIN = 7
/** The month that runs, and the one before. */
const WINDOWS_DAYS_MIN = 62

/** `retention: { generations: 90, windows: 400, changes: 365 }`: days that rows of each kind are kept. */
export function readRetention(reader: YamlReader, place: Place): OperatorRetention {
  const at = byKey(reader.map(place, ['generations', 'windows', 'changes']))
  return said({
    generationsDays: at.generations && reader.integer(at.generations, GENERATIONS_DAYS_MIN, DAYS_MAX),
    windowsDays: at.windows && reader.integer(at.windows, WINDOWS_DAYS_MIN, DAYS_MAX),
    changesDays: at.changes && reader.integer(at.changes, 1, DAYS_MAX),
  })
}
