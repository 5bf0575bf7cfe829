import type { Feedback, FeedbackPage, FeedbackRefusal, FeedbackStore } from '../accounts/feedback.ts'
import type { Listed } from '../accounts/people-store.ts'
import { insertFeedback, listFeedback } from './feedback-rows.ts'
import type { Database } from './sql.ts'

/** What the port of feedback says is stored, in a database: each method is one transaction. */
export class SqlFeedback implements FeedbackStore {
  constructor(private readonly database: Database) {}

  insertFeedback(feedback: Omit<Feedback, 'keyHash'>, ownerId: string | undefined): Promise<FeedbackRefusal | undefined> {
    return this.database.write((sql) => insertFeedback(sql, feedback, ownerId))
  }

  listFeedback(page: FeedbackPage): Promise<Listed<Feedback>> {
    return this.database.read((sql) => listFeedback(sql, page))
  }
}
