import type { JsonObject } from '../../core/json.ts'
import { GROUP, USER, type Attribute } from './schema.ts'

/** At most so many resources in one answer. */
export const PAGE_MAX = 200

const CORE = 'urn:ietf:params:scim:schemas:core:2.0'

/** What we can (RFC 7643 §5). */
export function serviceProviderConfig(base: string): JsonObject {
  return {
    schemas: [`${CORE}:ServiceProviderConfig`],
    patch: { supported: true }, bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 }, filter: { supported: true, maxResults: PAGE_MAX },
    changePassword: { supported: false }, sort: { supported: true }, etag: { supported: true },
    authenticationSchemes: [{ type: 'oauthbearertoken', name: 'Bearer token', description: 'A token that an admin of the organization makes: Authorization: Bearer sk-scim-v1-…', specUri: 'https://www.rfc-editor.org/info/rfc6750', primary: true }],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  }
}

/** What there is (RFC 7643 §6). */
export function resourceTypes(base: string): readonly JsonObject[] {
  return [USER, GROUP].map(({ name, id, description, extensions }) => ({
    schemas: [`${CORE}:ResourceType`], id: name, name, description, endpoint: `/${name}s`, schema: id,
    ...(extensions.length > 0 && { schemaExtensions: extensions.map((extension) => ({ schema: extension.id, required: false })) }),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${name}` },
  }))
}

/** What it is made of (RFC 7643 §7). */
export function schemas(base: string): readonly JsonObject[] {
  return [USER, ...USER.extensions, GROUP].map(({ id, name, description, attributes }) => ({
    schemas: [`${CORE}:Schema`], id, name, description, attributes: attributes.map(described), meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  }))
}

function described(attribute: Attribute): JsonObject {
  const { name, type, description, isMany = false, isRequired = false, isCaseExact = false, mutability = 'readWrite', returned = 'default', uniqueness = 'none', referenceTypes, canonicalValues, parts } = attribute
  return {
    name, type, multiValued: isMany, description, required: isRequired, caseExact: isCaseExact, mutability, returned, uniqueness,
    ...(referenceTypes && { referenceTypes }), ...(canonicalValues && { canonicalValues }), ...(parts && { subAttributes: parts.map(described) }),
  }
}
