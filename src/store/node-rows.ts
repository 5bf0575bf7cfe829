import { closeNodeLeases } from './lease-rows.ts'
import type { NodeBeat } from './protocol.ts'
import { big, text, type Sql } from './sql.ts'

/** Shows that a node lives; one that was taken for dead is there again, without its leases. */
export async function beatNode(sql: Sql, nodeId: string, nowMs: number): Promise<void> {
  await sql.run('INSERT INTO nodes (id, opened_ms, beat) VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE SET beat = nodes.beat + 1', nodeId, nowMs)
}

/** Every node, those too that nothing but their leases is left of. */
export async function readBeats(sql: Sql): Promise<NodeBeat[]> {
  const rows = await sql.all('SELECT id, beat FROM nodes UNION SELECT DISTINCT node_id, 0 FROM leases WHERE node_id NOT IN (SELECT id FROM nodes)')
  return rows.map((row) => ({ nodeId: text(row, 'id'), beat: big(row, 'beat') }))
}

/** Gives back what a node has leased and did not spend, unless it has beaten since. What its journal still says is paid from the balance when it comes. */
export async function expireNode(sql: Sql, nodeId: string, beat: bigint): Promise<boolean> {
  const gone = await sql.run('DELETE FROM nodes WHERE id = $1 AND beat = $2', nodeId, beat) === 1
  const lives = !gone && await sql.all('SELECT id FROM nodes WHERE id = $1', nodeId).then((rows) => rows.length > 0)
  if (lives) return false
  await closeNodeLeases(sql, nodeId)
  return true
}
