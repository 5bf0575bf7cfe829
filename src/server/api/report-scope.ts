import type { ReportFilter } from '../../ledger/reports.ts'
import { ownerOnly, type Access } from '../access.ts'

/** What reports leave out for who asks: members see what their own keys did (H20). */
export function scopeOf(access: Access): ReportFilter[] {
  const owner = ownerOnly(access)
  return owner === undefined ? [] : [{ dimension: 'user', isNot: false, values: [owner], includeUnset: false }]
}
