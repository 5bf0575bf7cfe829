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
  const issue = result.error.issues[0]
  if (issue?.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => `\`${key.slice(0, 100)}\``)
    const place = issue.path.length === 0 ? 'here' : `in \`${issue.path.join('.')}\``
    throw refused([...issue.path, issue.keys[0] ?? ''].join('.'), `There is no field ${unknown.join(', ')} ${place}; leave it out. Fields: ${fieldsOf(schema, issue.path)}.`)
  }
  const field = issue?.path.join('.') ?? ''
  throw refused(field, `The field \`${field}\` ${issue?.message ?? 'is wrong'}.`)
}

function refused(field: string, message: string): Fault {
  return new Fault('invalid_request', message, { metadata: { field: field.slice(0, 100) } })
}

function fieldsOf(schema: z.ZodType, path: readonly PropertyKey[]): string {
  const shape = path.reduce<unknown>((inner, name) => shapeOf(inner)?.[name], schema)
  return Object.keys(shapeOf(shape) ?? {}).map((field) => `\`${field}\``).join(', ') || 'none'
}

/** The fields of a schema of objects, below whatever makes it optional. */
function shapeOf(schema: unknown): Readonly<Record<PropertyKey, unknown>> | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined
  // A schema has one of these, or is of no object.
  const { shape, unwrap } = schema as { readonly shape?: Readonly<Record<PropertyKey, unknown>>; readonly unwrap?: () => unknown }
  return shape ?? (unwrap && shapeOf(unwrap.call(schema)))
}
