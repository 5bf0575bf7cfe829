import { stringWidth } from 'bun'
import type { Sink } from './context.ts'
import { paint } from './paint.ts'

export interface Column {
  readonly title: string
  readonly align?: 'right'
}

/** Rows in aligned columns, two spaces apart, under a line of titles. No rows: nothing. */
export function table(sink: Sink, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const widths = columns.map((column, at) => Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(row[at] ?? ''))))
  const line = (cells: readonly string[]): string => columns.map((column, at) => padded(cells[at] ?? '', widths[at] ?? 0, column.align)).join('  ').trimEnd()
  const title = paint(sink, 'bold', line(columns.map((column) => column.title)))
  return `${[title, ...rows.map(line)].join('\n')}\n`
}

/** Names and values, a line each, the values in one column. */
export function facts(sink: Sink, rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${paint(sink, 'dim', name.padEnd(width))}  ${value}\n`).join('')
}

function padded(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return align === 'right' ? space + text : text + space
}
