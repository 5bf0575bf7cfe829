import type { Snapshot } from './endpoint.ts'

/** How many models write text: those that `GET /models` lists when nothing else is asked for. */
export function textModelCount(snapshot: Snapshot): number {
  let count = 0
  for (const model of snapshot.models.values()) if (model.outputs.includes('text')) count++
  return count
}
