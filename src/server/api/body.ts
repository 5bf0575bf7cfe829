import type { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import type { RouteContext } from '../route.ts'

/** The request's body as the schema wants it; 400 that names the first field at fault. Schemas give each field an `error` that completes "`limit` …". */
export async function readBody<S extends z.ZodType>(context: RouteContext, schema: S): Promise<z.output<S>> {
  return checked(await context.body(), schema)
}

/** As `readBody`, of what came another way. */
export function checked<S extends z.ZodType>(said: unknown, schema: S): z.output<S> {
  const result = schema.safeParse(said)
  if (result.success) return result.data
  const { issues } = result.error
  // A field that is called otherwise is missing under its name, too: what helps is to know that name.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]
  if (issue?.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => `\`${key.slice(0, 100)}\``)
    const place = issue.path.length === 0 ? 'here' : `in \`${issue.path.join('.')}\``
    throw refused([...issue.path, issue.keys[0] ?? ''].join('.'), `There is no field ${unknown.join(', ')} ${place}; leave it out. Fields: ${fieldsOf(schema, issue.path)}.`)
  }
  const path = issue?.path ?? []
  const at = path.at(-1)
  // What is wrong with an entry is said of its list.
  const [named, entry] = typeof at === 'number' ? [path.slice(0, -1), ` Its entry ${at + 1} is wrong.`] : [path, '']
  throw refused(path.join('.'), `The field \`${named.join('.')}\` ${issue?.message ?? 'is wrong'}.${entry}`)
}

function refused(field: string, message: string): Fault {
  return new Fault('invalid_request', message, { metadata: { field: field.slice(0, 100) } })
}

function fieldsOf(schema: z.ZodType, path: readonly PropertyKey[]): string {
  const shape = path.reduce<unknown>((inner, name) => valuesOf(inner) ?? shapeOf(inner)?.[name], schema)
  return Object.keys(shapeOf(shape) ?? {}).map((field) => `\`${field}\``).join(', ') || 'none'
}

/** What a schema is of. */
interface Inner { readonly shape?: Readonly<Record<PropertyKey, unknown>>; readonly valueType?: unknown; readonly element?: unknown; readonly unwrap?: () => unknown }

/** The fields of a schema of objects, below whatever makes it optional. */
function shapeOf(schema: unknown): Inner['shape'] {
  return innerOf(schema)?.shape
}

/** What every value of a schema of records or lists is, whatever its name or place. */
function valuesOf(schema: unknown): unknown {
  const inner = innerOf(schema)
  return inner?.valueType ?? inner?.element
}

function innerOf(schema: unknown): Inner | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  // A schema has one of these, or is of neither.
  const inner = schema as Inner
  return inner.shape || inner.valueType || inner.element || !inner.unwrap ? inner : innerOf(inner.unwrap())
}
