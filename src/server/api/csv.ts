import { formatUsd, parseUsd } from '../../core/nano.ts'

/** Rows as a file for spreadsheets (RFC 4180). */
export function csvResponse(filename: string, columns: readonly string[], rows: readonly Readonly<Record<string, unknown>>[]): Response {
  const lines = [columns.join(','), ...rows.map((row) => columns.map((column) => cell(row[column])).join(','))]
  return new Response(`${lines.join('\r\n')}\r\n`, { headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': `attachment; filename="${filename}"` } })
}

/** Texts that a spreadsheet would take for a formula are kept from being one. */
function cell(value: unknown): string {
  // Never 1e-7: not every program reads it.
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatUsd(parseUsd(String(value)) ?? 0n)
  const text = value === null || value === undefined ? '' : String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
