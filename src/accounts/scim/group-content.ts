import { isObject, type Json, type JsonObject } from '../../core/json.ts'
import { parsePatchPath } from './filter.ts'
import { patched, type PatchOperation } from './patch.ts'
import { readAttributePath } from './path.ts'
import { GROUP } from './schema.ts'
import { quoted, scimFault } from './scim-fault.ts'
import type { Group, GroupChange } from './scim-store.ts'

const MEMBERS_MAX = 20_000

/** A group as the store is to have it. */
export type GroupWish = GroupChange

/** What the resource of a group means to us. */
export function groupContent(body: JsonObject): { readonly name: string; readonly externalId: string | null; readonly members: readonly string[] } {
  const [name, externalId] = [body['displayName'], body['externalId']]
  return { name: typeof name === 'string' ? name : '', externalId: typeof externalId === 'string' ? externalId : null, members: idsOf(body['members']) }
}

/**
 * A group after a PATCH. Its members are not read for that, however many there are: what is done to them is gathered as who comes and who goes.
 * Throws Faults of SCIM.
 */
export function groupAfter({ name, externalId }: Group, operations: readonly PatchOperation[]): GroupWish {
  const members = new MemberChange()
  const others: PatchOperation[] = []
  for (const operation of operations.flatMap(split)) if (!members.take(operation)) others.push(operation)
  const before: JsonObject = { displayName: name, ...(externalId !== null && { externalId }) }
  const after = groupContent(others.length === 0 ? before : patched(before, others, GROUP))
  return { name: after.name, externalId: after.externalId, members: members.result() }
}

/** An operation without a path, as one for each name of its value. */
function split(operation: PatchOperation): readonly PatchOperation[] {
  if (operation.path !== undefined || !isObject(operation.value) || operation.op === 'remove') return [operation]
  const { members, rest } = Object.entries(operation.value).reduce<{ members: PatchOperation[]; rest: JsonObject }>((parts, [name, value]) => {
    if (isMembers(name)) parts.members.push({ ...operation, path: name, value })
    else parts.rest[name] = value
    return parts
  }, { members: [], rest: {} })
  return Object.keys(rest).length > 0 || members.length === 0 ? [{ ...operation, value: rest }, ...members] : members
}

function isMembers(path: string): boolean {
  const found = readAttributePath(path, GROUP)
  return found?.attribute.name === 'members' && !found.part
}

/** Who comes into a group and who goes, one operation after the other. */
class MemberChange {
  /** Whether those who were in it before count no more. */
  private isAll = false
  private readonly added = new Set<string>()
  private readonly removed = new Set<string>()

  /** False for an operation that is about something else. */
  take({ op, path, value }: PatchOperation): boolean {
    if (path === undefined) return false
    const trimmed = path.trim()
    if (trimmed.includes('[') || !isMembers(trimmed)) return this.takeChosen(op, trimmed)
    if (op === 'replace' || (op === 'remove' && (value === undefined || value === null))) this.clear()
    if (op === 'remove') for (const id of idsOf(value)) this.remove(id)
    else for (const id of idsOf(value)) this.add(id)
    return true
  }

  result(): GroupChange['members'] {
    return this.isAll ? { only: [...this.added] } : { add: [...this.added], remove: [...this.removed] }
  }

  /** `members[value eq "…"]`. */
  private takeChosen(op: PatchOperation['op'], path: string): boolean {
    const { attribute, filter, part } = parsePatchPath(path, GROUP)
    if (attribute.name !== 'members') return false
    if (part || (!filter && op !== 'remove')) throw scimFault('mutability', `The parts of members do not change: ${quoted(path)}. Add and remove whole members.`)
    if (op !== 'remove' || filter?.kind !== 'compare' || filter.operator !== 'eq' || filter.path.attribute.name !== 'value' || typeof filter.value !== 'string') throw scimFault('invalidPath', 'Members are chosen by their id alone, to be removed: members[value eq "…"].')
    this.remove(filter.value)
    return true
  }

  private add(id: string): void {
    this.removed.delete(id)
    this.added.add(id)
  }

  private remove(id: string): void {
    this.added.delete(id)
    if (!this.isAll) this.removed.add(id)
  }

  private clear(): void {
    this.isAll = true
    this.added.clear()
    this.removed.clear()
  }
}

function idsOf(value: Json | undefined): readonly string[] {
  const list: readonly Json[] = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
  if (list.length > MEMBERS_MAX) throw scimFault('tooMany', `A request names at most ${MEMBERS_MAX} members.`)
  return [...new Set(list.map(memberId))]
}

function memberId(member: Json): string {
  const id = isObject(member) ? Object.entries(member).find(([name]) => name.toLowerCase() === 'value')?.[1] : member
  if (typeof id !== 'string' || id === '') throw scimFault('invalidValue', 'Each of "members" has a `value`: the id of a User.')
  return id
}
