import type { Feedback, FeedbackCategory, FeedbackPage, FeedbackRefusal } from '../accounts/feedback.ts'
import type { Listed } from '../accounts/people-store.ts'
import { int, one, text, textOrNull, type Row, type Sql, type SqlValue } from './sql.ts'

/** What is said of one call. */
const OF_GENERATION_MAX = 20
const COLUMNS = 'account_id, id, generation_id, category, comment, user_id, key_hash, created_ms'

export async function insertFeedback(sql: Sql, feedback: Omit<Feedback, 'keyHash'>, ownerId: string | undefined): Promise<FeedbackRefusal | undefined> {
  const { accountId, generationId } = feedback
  const call = await one(sql, `SELECT generations.key_hash, keys.creator_user_id FROM generations LEFT JOIN keys ON keys.account_id = generations.account_id AND keys.hash = generations.key_hash
    WHERE generations.account_id = $1 AND generations.id = $2`, accountId, generationId)
  if (!call || (ownerId !== undefined && call['creator_user_id'] !== ownerId)) return 'no_generation'
  const said = int(await one(sql, 'SELECT COUNT(*) AS said FROM feedback WHERE account_id = $1 AND generation_id = $2', accountId, generationId), 'said')
  if (said >= OF_GENERATION_MAX) return 'too_many'
  await sql.run(`INSERT INTO feedback (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    accountId, feedback.id, generationId, feedback.category, feedback.comment, feedback.userId, text(call, 'key_hash'), feedback.createdMs)
  return undefined
}

export async function listFeedback(sql: Sql, { offset, limit, accountId, ownerId, category, generationId }: FeedbackPage): Promise<Listed<Feedback>> {
  const values: SqlValue[] = []
  const wheres = ['1 = 1']
  const add = (condition: (parameter: string) => string, value: string | undefined) => {
    if (value !== undefined) wheres.push(condition(`$${values.push(value)}`))
  }
  add((value) => `account_id = ${value}`, accountId)
  add((value) => `EXISTS (SELECT 1 FROM keys WHERE keys.account_id = feedback.account_id AND keys.hash = feedback.key_hash AND keys.creator_user_id = ${value})`, ownerId)
  add((value) => `category = ${value}`, category)
  add((value) => `generation_id = ${value}`, generationId)
  const from = `FROM feedback WHERE ${wheres.join(' AND ')}`
  const rows = await sql.all(`SELECT ${COLUMNS} ${from} ORDER BY created_ms DESC, id DESC LIMIT $${values.length + 1} OFFSET $${values.length + 2}`, ...values, limit, offset)
  return { rows: rows.map(readFeedback), total: int(await one(sql, `SELECT COUNT(*) AS total ${from}`, ...values), 'total') }
}

function readFeedback(row: Row): Feedback {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), generationId: text(row, 'generation_id'), comment: textOrNull(row, 'comment'), userId: textOrNull(row, 'user_id'),
    // Written by insertFeedback, from the same type.
    keyHash: text(row, 'key_hash'), createdMs: int(row, 'created_ms'), category: text(row, 'category') as FeedbackCategory,
  }
}
