import type { JsonObject } from '../../core/json.ts'
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from './schema.ts'
import type { Entry, Group } from './scim-store.ts'

/** A person as SCIM shows them. `base`: where SCIM is, without a slash at the end. */
export function userResource({ id, body, groups, createdMs, updatedMs, version }: Entry, base: string): JsonObject {
  return {
    schemas: [USER_SCHEMA, ...(body[ENTERPRISE_SCHEMA] === undefined ? [] : [ENTERPRISE_SCHEMA])], id,
    ...body,
    ...(groups.length > 0 && { groups: groups.map((group) => ({ value: group.id, $ref: `${base}/Groups/${group.id}`, display: group.name })) }),
    meta: { resourceType: 'User', created: new Date(createdMs).toISOString(), lastModified: new Date(updatedMs).toISOString(), location: `${base}/Users/${id}`, version: etag(version) },
  }
}

/** A group as SCIM shows it. */
export function groupResource({ id, name, externalId, members, createdMs, updatedMs, version }: Group, base: string): JsonObject {
  return {
    schemas: [GROUP_SCHEMA], id, ...(externalId !== null && { externalId }), displayName: name,
    ...(members && members.length > 0 && { members: members.map((value) => ({ value, $ref: `${base}/Users/${value}`, type: 'User' })) }),
    meta: { resourceType: 'Group', created: new Date(createdMs).toISOString(), lastModified: new Date(updatedMs).toISOString(), location: `${base}/Groups/${id}`, version: etag(version) },
  }
}

/** Weak: what is equal in meaning has the same (RFC 7644 §3.14). */
export function etag(version: number): string {
  return `W/"${version}"`
}
