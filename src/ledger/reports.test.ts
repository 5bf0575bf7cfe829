import { expect, test } from 'bun:test'
import { Fault } from '../core/fault.ts'
import { Reports, type ReportQuery } from './reports.ts'

test('a report of too much says what to ask for in its place, by the minute and otherwise', async () => {
  const reports = new Reports({ store: { report: async () => ({ rows: [], isTruncated: true, labels: new Map(), hasTooMany: true }), tagNames: async () => [], knownKeys: async () => [] }, flush: async () => {} })
  const query: ReportQuery = { accountId: 'a', fromHour: 0, untilHour: 1, granularity: 'hour', by: ['model'], filters: [], sums: ['requests'], order: { by: 'date', isDescending: false }, rowsMax: 1, rowsOfGroupMax: 1 }
  const refusal = async (more: Partial<ReportQuery>): Promise<unknown> => await reports.report({ ...query, ...more }).catch((error: unknown) => (error instanceof Fault ? error.message : error))
  expect(await refusal({})).toStartWith('The report has too many groups: ')
  expect(await refusal({ granularity: 'minute', minutes: { from: 0, until: 60 } })).toStartWith('The field `time_range` has more calls than are looked at by the minute: ')
})
