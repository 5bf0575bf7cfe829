import { stringWidth } from 'bun'
import type { Sink } from './context.ts'
import { paint, printable, type Style } from './paint.ts'

export interface Column {
  readonly title: string
  readonly align?: 'right'
}

/** One place of a table, perhaps in a style. */
export type Cell = string | { readonly text: string; readonly style: Style }

/** Rows in aligned columns, two spaces apart, under a line of titles; words of others are made fit for a terminal. No rows: `none`, which says so. */
export function table(sink: Sink, columns: readonly Column[], rows: readonly (readonly Cell[])[], none = ''): string {
  if (rows.length === 0) return none === '' ? '' : `${none}\n`
  const shown = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? oneLine(cell) : paint(sink, cell.style, oneLine(cell.text)))))
  const widths = columns.map((column, at) => Math.max(stringWidth(column.title), ...shown.map((row) => stringWidth(row[at] ?? ''))))
  const line = (cells: readonly string[]): string => columns.map((column, at) => padded(cells[at] ?? '', widths[at] ?? 0, column.align)).join('  ').trimEnd()
  const title = paint(sink, 'bold', line(columns.map((column) => column.title)))
  return `${[title, ...shown.map(line)].join('\n')}\n`
}

/** Names and values, a line each, the values in one column; words of others are made fit for a terminal. */
export function facts(sink: Sink, rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${paint(sink, 'dim', name.padEnd(width))}  ${oneLine(value)}\n`).join('')
}

/** Names of keys, values of tags and the like come from whoever calls the API. */
function oneLine(text: string): string {
  return printable(text).replace(/[\t\n]+/g, ' ')
}

function padded(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return align === 'right' ? space + text : text + space
}
