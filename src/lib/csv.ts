/** Begins what a spreadsheet would take for a formula. */
const FORMULA = /^[=+\-@\t\r]/

/** One line of CSV (RFC 4180). A text that a spreadsheet would run is made a text by a quote before it. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

function cell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value)
  const text = FORMULA.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
