import { whole } from './query.ts'

const PAGE_DEFAULT = 50
const PAGE_MAX = 100

/** Paging of the control plane's lists (contract, "Offset pagination"). */
export const PAGE = { offset: whole(0), limit: whole(1, PAGE_MAX) } as const

/** The page that a query asks for. */
export function pageOf({ offset = 0, limit = PAGE_DEFAULT }: { readonly offset?: number; readonly limit?: number }): { readonly offset: number; readonly limit: number } {
  return { offset, limit }
}
