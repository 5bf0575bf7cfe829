import { MIGRATIONS, type Migration } from './schema.ts'

/** A table of the schema, as far as copying it needs. */
export interface Table { readonly name: string; readonly key: readonly string[] }

/** The tables that these migrations make, with the columns of their primary keys. Read from their statements, so that no list of them can be forgotten. */
export function tablesOf(migrations: readonly Migration[] = MIGRATIONS): Table[] {
  return migrations.flatMap(({ statements }) => statements).flatMap((statement) => {
    const name = /^CREATE TABLE (\w+)/.exec(statement)?.[1]
    if (name === undefined) return []
    const key = /PRIMARY KEY \(([^)]+)\)/.exec(statement)?.[1] ?? /(\w+) \w+ PRIMARY KEY/.exec(statement)?.[1]
    if (key === undefined) throw new Error(`table ${name} has no primary key`)
    return [{ name, key: key.split(',').map((column) => column.trim()) }]
  })
}

/** Those of them whose rows belong to an account: its id comes first in their key. */
export function accountTablesOf(migrations: readonly Migration[] = MIGRATIONS): Table[] {
  return tablesOf(migrations).filter(({ key }) => key[0] === 'account_id')
}
