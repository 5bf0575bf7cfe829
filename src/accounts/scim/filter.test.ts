import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JsonObject } from '../../core/json.ts'
import { parseFilter, parsePatchPath } from './filter.ts'
import { demanded, matches } from './filter-match.ts'
import { ENTERPRISE_SCHEMA, GROUP, USER, USER_SCHEMA } from './schema.ts'
import { scimTypeOf } from './scim-fault.fixture.ts'

/** After RFC 7644 §3.4.2.2 and RFC 7643 §8. */
const JENSEN: JsonObject = {
  schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA], id: '2819c223', externalId: 'Ext-1', userName: 'bjensen@example.com', name: { familyName: "O'Malley", givenName: 'Barbara' }, title: 'Tour Guide', userType: 'Employee', active: true,
  emails: [{ value: 'bjensen@example.com', type: 'work', primary: true }, { value: 'babs@jensen.org', type: 'home' }],
  [ENTERPRISE_SCHEMA]: { department: 'Tour Operations', manager: { value: '26118915' } },
  meta: { resourceType: 'User', created: '2011-05-01T21:32:44.882Z', lastModified: '2011-05-13T04:42:34Z', version: 'W/"3"' },
}

const holds = (text: string): boolean => matches(parseFilter(text, USER), JENSEN)

describe('a filter', () => {
  test.each([
    'userName eq "bjensen@example.com"', 'username Eq "BJENSEN@example.com"', 'name.familyName co "O\'Malley"', 'userName sw "B"', 'userName ew ".COM"',
    `${USER_SCHEMA}:userName sw "b"`, `${ENTERPRISE_SCHEMA}:department eq "tour operations"`, `${ENTERPRISE_SCHEMA}:manager.value eq "26118915"`, `${ENTERPRISE_SCHEMA}:manager eq "26118915"`,
    'title pr', 'title pr and userType eq "Employee"', 'title pr or userType eq "Intern"', 'not (nickName pr)', 'nickName eq null', 'title ne null', 'title ne "Boss"', 'nickName ne "Babs"',
    'meta.lastModified gt "2011-05-13T04:42:33Z"', 'meta.lastModified ge "2011-05-13T06:42:34+02:00"', 'meta.lastModified lt "2012-05-13T04:42:34Z"', 'meta.created le "2011-05-01T21:32:44.882Z"',
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")', 'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org") or title pr',
    'userType eq "Employee" and (emails.type eq "work")', 'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]', 'emails[type eq "home"].value eq "babs@jensen.org"',
    'emails[not (type eq "work")]', 'emails[primary eq true].value sw "bjensen"', 'active eq true', 'active eq "True"', 'active ne false', 'externalId eq "Ext-1"', 'schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"',
    'title gt "Tour"', 'title gt "tour G" and title lt "tour H"', '(title pr)', '((title pr)) and (not(nickName pr))', '  title   pr  ', 'id eq "2819c223"', 'userName eq "\\u0062jensen@example.com"',
  ])('%s', (text) => {
    expect(holds(text)).toBe(true)
  })

  test.each([
    'userName eq "bjensen"', 'externalId eq "ext-1"', 'title eq null', 'nickName pr', 'emails[type eq "work" and value co "jensen.org"]', 'emails[type eq "home"].value eq "bjensen@example.com"',
    'not (title pr)', 'title pr and nickName pr', 'title pr and (nickName pr or locale pr)', 'active eq false', 'meta.created gt "2011-05-02T00:00:00Z"', 'userName co "%"', 'userName co "_"', 'userName eq "\' OR 1=1 --"', 'title gt 3',
    'title ne "tour guide"', 'meta.created eq "yesterday"',
  ])('not %s', (text) => {
    expect(holds(text)).toBe(false)
  })

  test('`and` binds more than `or`, `not` more than both', () => {
    expect(parseFilter('title pr or nickName pr and locale pr', USER)).toMatchObject({ kind: 'or', terms: [{ kind: 'present' }, { kind: 'and' }] })
    expect(parseFilter('not (title pr) or nickName pr', USER)).toMatchObject({ kind: 'or', terms: [{ kind: 'not' }, { kind: 'present' }] })
  })

  test.each([
    '', ' ', 'title', 'title eq', 'title eq Boss', 'title is "Boss"', 'title eq "Boss', 'title pr and', 'title pr nickName pr', '(title pr', 'title pr)', 'not title pr', 'emails[type eq "work"', 'emails[]', 'emails[userName pr]', 'title[value pr]',
    'password eq "x"', 'name.nobody pr', 'urn:x:y:title pr', 'a.b.c.d pr', "title eq 'Boss'", 'title eq "a\\qb"', 'title eq "a\nb"', 'emails[type eq "work"].nobody pr', '"title" pr', 'title;drop table users pr', `title eq "${'x'.repeat(5_000)}"`,
  ])('is refused: %s', (text) => {
    expect(scimTypeOf(() => parseFilter(text.slice(0, 6_000), USER))).toBe('invalidFilter')
  })

  test('has bounds: depth, conditions, length', () => {
    expect(holds(`${'('.repeat(20)}title pr${')'.repeat(20)}`)).toBe(true)
    for (const text of [`${'('.repeat(21)}title pr${')'.repeat(21)}`, `${'not('.repeat(900)}title pr${')'.repeat(900)}`, '('.repeat(4_000), Array.from({ length: 201 }, () => 'title pr').join(' or '), ' '.repeat(4_001)]) {
      expect(scimTypeOf(() => parseFilter(text, USER))).toBe('invalidFilter')
    }
    expect(holds(Array.from({ length: 200 }, () => 'title pr').join(' or '))).toBe(true)
  })

  test('of any text is read or refused, and nothing else', () => {
    const word = fc.constantFrom('title', 'emails', 'active', '[', ']', '(', ')', 'and', 'or', 'not', 'eq', 'pr', 'co', 'gt', '"x"', '"', 'true', 'null', '3', ' ', '.value', 'meta.created', '\\', ENTERPRISE_SCHEMA, ':')
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')), fc.array(word, { maxLength: 40 }).map((words) => words.join('')))
    fc.assert(fc.property(text, (given) => {
      const found = scimTypeOf(() => matches(parseFilter(given, USER), JENSEN))
      expect(typeof found === 'boolean' || found === 'invalidFilter').toBe(true)
    }), { numRuns: 3_000 })
  })

  test('what it demands can be looked up before it is applied', () => {
    const of = (text: string, name: string) => demanded(parseFilter(text, text.includes('members') ? GROUP : USER), name)
    expect(of('userName eq "a" and active eq true', 'userName')).toBe('a')
    expect(of('active eq true and (externalId eq "b" and title pr)', 'externalId')).toBe('b')
    expect(of('id eq "1" and members eq "2"', 'members')).toBe('2')
    for (const text of ['userName eq "a" or title pr', 'not (userName eq "a")', 'userName sw "a"', 'userName ne "a"', 'title eq "a"']) expect(of(text, 'userName')).toBeUndefined()
  })
})

describe('a path of PATCH', () => {
  test('leads to attributes, parts, and values that a filter chooses', () => {
    expect(parsePatchPath('name.familyName', USER)).toMatchObject({ attribute: { name: 'name' }, part: { name: 'familyName' } })
    expect(parsePatchPath('emails[type eq "work"].value', USER)).toMatchObject({ attribute: { name: 'emails' }, filter: { kind: 'compare' }, part: { name: 'value' } })
    expect(parsePatchPath(`${ENTERPRISE_SCHEMA}:manager.value`, USER)).toMatchObject({ extension: ENTERPRISE_SCHEMA, attribute: { name: 'manager' }, part: { name: 'value' } })
    for (const text of ['nobody', 'emails[type eq "work"].nobody', 'emails[type eq "work"]value', 'name[type pr]', 'emails.value[type pr]', 'members', ENTERPRISE_SCHEMA.slice(0, -1)]) expect([text, scimTypeOf(() => parsePatchPath(text, USER))]).toEqual([text, 'invalidPath'])
    expect(scimTypeOf(() => parsePatchPath('emails[type eq', USER))).toBe('invalidFilter')
  })
})
