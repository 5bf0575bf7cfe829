import { attributeNamed, COMMON, type Attribute, type ResourceSchema } from './schema.ts'

/** What a path leads to: an attribute, perhaps of an extension, and perhaps one part of it. */
export interface AttributePath {
  /** The URN of the extension that the attribute stands below; undefined: it is the resource's own. */
  readonly extension?: string
  readonly attribute: Attribute
  readonly part?: Attribute
}

/** Longer ones lead nowhere. */
const PATH_CHARS_MAX = 300

/**
 * `userName`, `name.familyName`, `urn:…:User:userName`, `urn:…:enterprise:2.0:User:manager.value`; undefined where the schema has no such
 * attribute. The names of a URN are compared in any case, as all names are.
 */
export function readAttributePath(text: string, schema: ResourceSchema): AttributePath | undefined {
  if (text.length > PATH_CHARS_MAX) return undefined
  const extension = schema.extensions.find(({ id }) => startsWith(text, `${id}:`))
  if (extension) return within(text.slice(extension.id.length + 1), extension.attributes, extension.id)
  const local = startsWith(text, `${schema.id}:`) ? text.slice(schema.id.length + 1) : text
  return within(local, [...COMMON, ...schema.attributes])
}

/** The extension whose URN this is. */
export function extensionNamed(text: string, schema: ResourceSchema): string | undefined {
  return schema.extensions.find(({ id }) => id.toLowerCase() === text.toLowerCase())?.id
}

function within(text: string, attributes: readonly Attribute[], extension?: string): AttributePath | undefined {
  const [first = '', second, ...rest] = text.split('.')
  const attribute = attributeNamed(attributes, first)
  if (!attribute || rest.length > 0) return undefined
  const head = { ...(extension !== undefined && { extension }), attribute }
  if (second === undefined) return head
  const part = attributeNamed(attribute.parts ?? [], second)
  return part && { ...head, part }
}

function startsWith(text: string, start: string): boolean {
  return text.slice(0, start.length).toLowerCase() === start.toLowerCase()
}
