import { describe, expect, test } from 'bun:test'
import type { Json, JsonObject } from '../../core/json.ts'
import { groupAfter } from './group-content.ts'
import { patched, readPatch } from './patch.ts'
import { projected } from './projection.ts'
import { readResource } from './read-resource.ts'
import { ENTERPRISE_SCHEMA, USER } from './schema.ts'
import { scimTypeOf } from './scim-fault.fixture.ts'

const JENSEN: JsonObject = {
  userName: 'bjensen', active: true, name: { familyName: 'Jensen', givenName: 'Barbara' }, title: 'Tour Guide',
  emails: [{ value: 'b@example.com', type: 'work', primary: true }, { value: 'b@home.example', type: 'home' }],
  [ENTERPRISE_SCHEMA]: { department: 'Tours', manager: { value: '26' } },
}

const after = (...operations: JsonObject[]): JsonObject => patched(JENSEN, readPatch({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: operations }), USER)

describe('PATCH of a person', () => {
  test('adds, replaces and removes what a path names', () => {
    expect(after({ op: 'add', path: 'nickName', value: 'Babs' })).toMatchObject({ nickName: 'Babs', title: 'Tour Guide' })
    expect(after({ op: 'replace', path: 'name.familyName', value: 'Smith' })['name']).toEqual({ familyName: 'Smith', givenName: 'Barbara' })
    expect(after({ op: 'replace', path: 'name', value: { familyName: 'Smith' } })['name']).toEqual({ familyName: 'Smith', givenName: 'Barbara' })
    expect(after({ op: 'remove', path: 'title' })).not.toHaveProperty('title')
    expect(after({ op: 'remove', path: 'name.givenName' })['name']).toEqual({ familyName: 'Jensen' })
    expect(after({ op: 'remove', path: 'emails' })).not.toHaveProperty('emails')
    expect(after({ op: 'replace', path: 'title', value: null })).not.toHaveProperty('title')
  })

  test('adds to lists, each value once, and one of them primary', () => {
    const added = after({ op: 'add', path: 'emails', value: [{ value: 'c@example.com', type: 'other', primary: true }, { value: 'b@home.example', type: 'home' }] })
    expect(added['emails']).toEqual([{ value: 'b@example.com', type: 'work', primary: false }, { value: 'b@home.example', type: 'home' }, { value: 'c@example.com', type: 'other', primary: true }])
    expect(after({ op: 'replace', path: 'emails', value: [{ value: 'd@example.com' }] })['emails']).toEqual([{ value: 'd@example.com' }])
  })

  test('chooses values of a list by a filter', () => {
    expect(after({ op: 'replace', path: 'emails[type eq "work"].value', value: 'new@example.com' })['emails']).toEqual([{ value: 'new@example.com', type: 'work', primary: true }, { value: 'b@home.example', type: 'home' }])
    expect(after({ op: 'remove', path: 'emails[type eq "home"]' })['emails']).toEqual([{ value: 'b@example.com', type: 'work', primary: true }])
    expect(after({ op: 'remove', path: 'emails[type eq "work" and value ew "example.com"].primary' })['emails']).toEqual([{ value: 'b@example.com', type: 'work' }, { value: 'b@home.example', type: 'home' }])
    expect(scimTypeOf(() => after({ op: 'replace', path: 'emails[type eq "other"].value', value: 'x@example.com' }))).toBe('noTarget')
  })

  test("Entra's ways: op in capitals, booleans in quotes, a value that is not there yet, paths as names, a manager as a text", () => {
    expect(after({ op: 'Replace', path: 'active', value: 'False' })['active']).toBe(false)
    expect(after({ op: 'Add', path: 'emails[type eq "other"].value', value: 'x@example.com' })['emails']).toContainEqual({ value: 'x@example.com', type: 'other' })
    expect(after({ op: 'Add', path: `${ENTERPRISE_SCHEMA}:manager`, value: '27' })[ENTERPRISE_SCHEMA]).toEqual({ department: 'Tours', manager: { value: '27' } })
    expect(after({ op: 'replace', value: { 'name.givenName': 'Babs', [`${ENTERPRISE_SCHEMA}:department`]: 'Sales', 'emails[type eq "work"].value': 'y@example.com', active: 'false' } })).toMatchObject({
      active: false, name: { givenName: 'Babs', familyName: 'Jensen' }, [ENTERPRISE_SCHEMA]: { department: 'Sales', manager: { value: '26' } }, emails: [{ value: 'y@example.com', type: 'work' }, { type: 'home' }],
    })
    expect(after({ op: 'Replace', path: 'phoneNumbers', value: { value: '1', type: 'work' } })['phoneNumbers']).toEqual([{ value: '1', type: 'work' }])
  })

  test("Okta's ways: without a path, with the id and names that we do not know", () => {
    expect(after({ op: 'replace', value: { id: 'x', schemas: ['y'], meta: {}, active: false, password: 'secret', groups: [], [ENTERPRISE_SCHEMA]: { division: 'D', unknown: 1 } } })).toEqual({ ...JENSEN, active: false, [ENTERPRISE_SCHEMA]: { department: 'Tours', manager: { value: '26' }, division: 'D' } })
  })

  test('in any case of the names, and all or nothing', () => {
    expect(after({ OP: 'x', op: 'REPLACE', path: 'USERNAME', value: 'new' })['userName']).toBe('new')
    expect(patched(JENSEN, readPatch({ operations: [{ op: 'remove', path: 'TITLE' }] }), USER)).not.toHaveProperty('title')
    expect(scimTypeOf(() => after({ op: 'remove', path: 'title' }, { op: 'replace', path: 'nobody', value: 1 }))).toBe('invalidPath')
    expect(JENSEN['title']).toBe('Tour Guide')
  })

  test.each<readonly [string, JsonObject, string]>([
    ['id is ours', { op: 'replace', path: 'id', value: 'x' }, 'mutability'],
    ['groups are ours', { op: 'add', path: 'groups', value: [{ value: 'x' }] }, 'mutability'],
    ['meta is ours', { op: 'replace', path: 'meta.created', value: 'x' }, 'mutability'],
    ['schemas are ours', { op: 'replace', path: 'schemas', value: ['x'] }, 'mutability'],
    ['what is required stays', { op: 'remove', path: 'userName' }, 'mutability'],
    ['what is required is something', { op: 'replace', path: 'userName', value: '' }, 'invalidValue'],
    ['no such op', { op: 'move', path: 'title' }, 'invalidSyntax'],
    ['no such path', { op: 'add', path: 'nobody', value: 1 }, 'invalidPath'],
    ['a path that is no text', { op: 'add', path: 7, value: 1 }, 'invalidPath'],
    ['nothing to remove', { op: 'remove' }, 'noTarget'],
    ['no value', { op: 'add', path: 'title' }, 'invalidValue'],
    ['a value of another type', { op: 'replace', path: 'active', value: 'perhaps' }, 'invalidValue'],
    ['an object for a text', { op: 'replace', path: 'title', value: {} }, 'invalidValue'],
    ['a text for an object', { op: 'replace', path: 'name', value: 'Jensen' }, 'invalidValue'],
    ['no object without a path', { op: 'add', value: 'x' }, 'invalidValue'],
    ['a long text', { op: 'add', path: 'title', value: 'x'.repeat(2_000) }, 'invalidValue'],
    ['a bad filter', { op: 'remove', path: 'emails[type eq]' }, 'invalidFilter'],
  ])('is refused: %s', (_, operation, scimType) => {
    expect(scimTypeOf(() => after(operation))).toBe(scimType)
  })

  test('is refused without operations, and with too many', () => {
    for (const body of [{}, { Operations: [] }, { Operations: 'x' }, { Operations: ['x'] }]) expect(scimTypeOf(() => readPatch(body))).toBe('invalidSyntax')
    expect(scimTypeOf(() => readPatch({ Operations: Array.from({ length: 1_001 }, () => ({ op: 'remove', path: 'title' })) }))).toBe('tooMany')
  })
})

describe('PATCH of a group', () => {
  const GROUP_BEFORE = { id: 'g', accountId: 'a', name: 'Guides', externalId: null, version: 1, createdMs: 0, updatedMs: 0 }
  const group = (...operations: { readonly [name: string]: Json }[]) => groupAfter(GROUP_BEFORE, readPatch({ Operations: operations }))

  test('gathers who comes and who goes, in order', () => {
    expect(group({ op: 'add', path: 'members', value: [{ value: '1' }, { value: '2' }] }).members).toEqual({ add: ['1', '2'], remove: [] })
    expect(group({ op: 'remove', path: 'members[value eq "1"]' }).members).toEqual({ add: [], remove: ['1'] })
    expect(group({ op: 'Remove', path: 'members', value: [{ value: '1' }] }).members).toEqual({ add: [], remove: ['1'] })
    expect(group({ op: 'remove', path: 'members' }).members).toEqual({ only: [] })
    expect(group({ op: 'replace', path: 'members', value: [{ value: '3' }] }).members).toEqual({ only: ['3'] })
    expect(group({ op: 'add', path: 'members', value: { value: '1' } }, { op: 'remove', path: 'members[value eq "1"]' }, { op: 'remove', path: 'members[value eq "2"]' }, { op: 'add', path: 'members', value: [{ value: '2' }] }).members).toEqual({ add: ['2'], remove: ['1'] })
    expect(group({ op: 'replace', path: 'members', value: [{ value: '3' }] }, { op: 'add', path: 'members', value: [{ value: '4' }] }, { op: 'remove', path: 'members[value eq "3"]' }).members).toEqual({ only: ['4'] })
  })

  test("Okta's way: a group without a path, its id along", () => {
    expect(group({ op: 'replace', value: { id: 'g', displayName: 'Leads' } })).toEqual({ name: 'Leads', externalId: null, members: { add: [], remove: [] } })
    expect(group({ op: 'add', value: { members: [{ value: '1' }], externalId: 'x' } })).toEqual({ name: 'Guides', externalId: 'x', members: { add: ['1'], remove: [] } })
  })

  test('refuses what says not who', () => {
    expect(scimTypeOf(() => group({ op: 'remove', path: 'members[value sw "1"]' }))).toBe('invalidPath')
    expect(scimTypeOf(() => group({ op: 'replace', path: 'members[value eq "1"].value', value: '2' }))).toBe('mutability')
    expect(scimTypeOf(() => group({ op: 'add', path: 'members', value: [{ display: 'x' }] }))).toBe('invalidValue')
    expect(scimTypeOf(() => group({ op: 'remove', path: 'displayName' }))).toBe('mutability')
  })
})

describe('a resource', () => {
  test('is read by the names of the schema, and holds nothing that is ours or that nobody described', () => {
    expect(readResource({ ID: 'x', UserName: 'u', groups: [{ value: 'g' }], meta: {}, password: 'secret', NAME: { GivenName: 'G', nobody: 1 }, emails: { value: 'a@b.c' }, title: null, active: 'True', __proto__: { title: 'x' } }, USER))
      .toEqual({ userName: 'u', name: { givenName: 'G' }, emails: [{ value: 'a@b.c' }], active: true })
    expect(scimTypeOf(() => readResource({ title: 'x' }, USER))).toBe('invalidValue')
    expect(scimTypeOf(() => readResource({ userName: 'a\u0000b' }, USER))).toBe('invalidValue')
    expect(scimTypeOf(() => readResource({ userName: 'a', [ENTERPRISE_SCHEMA]: 'x' }, USER))).toBe('invalidValue')
  })

  test('is shown as far as it is asked for', () => {
    const shown = { schemas: ['s'], id: '1', ...JENSEN }
    expect(projected(shown, { attributes: ['userName', 'name.familyName', 'emails.value', `${ENTERPRISE_SCHEMA}:department`, 'nobody'] }, USER)).toEqual({
      schemas: ['s'], id: '1', userName: 'bjensen', name: { familyName: 'Jensen' }, emails: [{ value: 'b@example.com' }, { value: 'b@home.example' }], [ENTERPRISE_SCHEMA]: { department: 'Tours' },
    })
    expect(projected(shown, { excluded: ['id', 'schemas', 'emails', 'name.givenName', ENTERPRISE_SCHEMA, 'active', 'title'] }, USER)).toEqual({ schemas: ['s'], id: '1', userName: 'bjensen', name: { familyName: 'Jensen' } })
    expect(projected(shown, { attributes: [ENTERPRISE_SCHEMA] }, USER)).toEqual({ schemas: ['s'], id: '1', [ENTERPRISE_SCHEMA]: { department: 'Tours', manager: { value: '26' } } })
  })
})
