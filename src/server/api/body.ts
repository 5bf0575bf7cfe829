import type { z } from 'zod'
import { Fault } from '../../core/fault.ts'
import type { RouteContext } from '../route.ts'

/** The request's body as the schema wants it; 400 that names the first field at fault. Schemas give each field an `error` that completes "`limit` …". */
export async function readBody<S extends z.ZodType>(context: RouteContext, schema: S): Promise<z.output<S>> {
  const result = schema.safeParse(await context.body())
  if (result.success) return result.data
  const issue = result.error.issues[0]
  if (issue?.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => `\`${key.slice(0, 100)}\``)
    throw refused(issue.keys[0] ?? '', `There is no field ${unknown.join(', ')} here; leave it out. Fields: ${fieldsOf(schema)}.`)
  }
  const field = issue?.path.join('.') ?? ''
  throw refused(field, `The field \`${field}\` ${issue?.message ?? 'is wrong'}.`)
}

function refused(field: string, message: string): Fault {
  return new Fault('invalid_request', message, { metadata: { field: field.slice(0, 100) } })
}

function fieldsOf(schema: z.ZodType): string {
  const shape: unknown = 'shape' in schema ? schema.shape : undefined
  return typeof shape === 'object' && shape !== null ? Object.keys(shape).map((field) => `\`${field}\``).join(', ') : 'none'
}
