import { formatUsd, parseUsd } from '../../core/nano.ts'
import { csvLine } from '../../lib/csv.ts'

/** Rows as a file for spreadsheets. */
export function csvResponse(filename: string, columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): Response {
  const lines = [csvLine(columns), ...rows.map((row) => csvLine(columns.map((column) => cellOf(row[column]))))]
  return new Response(lines.join(''), { headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': `attachment; filename="${filename}"` } })
}

/** Amounts in full: not every program reads 1e-7. */
function cellOf(value: unknown): string | number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : formatted(value)
  return value === null || value === undefined ? null : String(value)
}

function formatted(value: number): string | number {
  const amount = parseUsd(String(value))
  return amount === undefined || amount < 0n ? value : formatUsd(amount)
}
