/** The ids of what we speak (RFC 7643 §8.7, RFC 7644 §8.2). */
export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const ENTERPRISE_SCHEMA = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group'

export type AttributeType = 'string' | 'boolean' | 'dateTime' | 'reference' | 'complex'

/** One attribute as RFC 7643 §7 describes it. What is left out has the RFC's default. */
export interface Attribute {
  readonly name: string
  readonly type: AttributeType
  readonly description: string
  readonly isMany?: boolean
  readonly isRequired?: boolean
  readonly isCaseExact?: boolean
  readonly mutability?: 'readOnly' | 'immutable'
  readonly returned?: 'always'
  readonly uniqueness?: 'server'
  readonly referenceTypes?: readonly string[]
  readonly canonicalValues?: readonly string[]
  readonly parts?: readonly Attribute[]
}

/** The attributes of one resource: its own, and those that stand below the URN of an extension. */
export interface ResourceSchema {
  readonly name: 'User' | 'Group'
  readonly id: string
  readonly description: string
  readonly attributes: readonly Attribute[]
  readonly extensions: readonly { readonly name: string; readonly id: string; readonly description: string; readonly attributes: readonly Attribute[] }[]
}

const string = (name: string, description: string, more: Partial<Attribute> = {}): Attribute => ({ name, type: 'string', description, ...more })
const complex = (name: string, description: string, parts: readonly Attribute[], more: Partial<Attribute> = {}): Attribute => ({ name, type: 'complex', description, parts, ...more })

/** A list of values, each of a type, one of them perhaps primary (RFC 7643 §2.4). */
function values(name: string, description: string, types: readonly string[] = [], value: Attribute = string('value', 'The value itself.')): Attribute {
  return complex(name, description, [
    value,
    string('display', 'The value for people.'),
    string('type', 'What it is for.', types.length > 0 ? { canonicalValues: types } : {}),
    { name: 'primary', type: 'boolean', description: 'The one that is preferred: at most one is.' },
  ], { isMany: true })
}

/** `groups` of a person is ours to say: it follows from the groups. */
const GROUPS_OF_USER = complex('groups', 'The groups that the person is in.', [
  string('value', 'The id of the group.', { mutability: 'readOnly' }),
  { name: '$ref', type: 'reference', description: 'Where the group is.', referenceTypes: ['Group'], mutability: 'readOnly', isCaseExact: true },
  string('display', 'The name of the group.', { mutability: 'readOnly' }),
], { isMany: true, mutability: 'readOnly' })

/** What every resource has (RFC 7643 §3.1). Not in the answer of /Schemas: it is the RFC's. */
export const COMMON: readonly Attribute[] = [
  string('id', 'The id that we give.', { mutability: 'readOnly', returned: 'always', isCaseExact: true }),
  string('externalId', 'The id that the directory gives.', { isCaseExact: true }),
  { name: 'schemas', type: 'reference', description: 'What the resource is made of.', isMany: true, returned: 'always', isCaseExact: true, referenceTypes: ['uri'] },
  complex('meta', 'What we say of the resource.', [
    string('resourceType', 'Its type.', { mutability: 'readOnly', isCaseExact: true }),
    { name: 'created', type: 'dateTime', description: 'Since when it is here.', mutability: 'readOnly' },
    { name: 'lastModified', type: 'dateTime', description: 'When it was changed last.', mutability: 'readOnly' },
    { name: 'location', type: 'reference', description: 'Where it is.', mutability: 'readOnly', isCaseExact: true, referenceTypes: ['uri'] },
    string('version', 'Its ETag.', { mutability: 'readOnly', isCaseExact: true }),
  ], { mutability: 'readOnly' }),
]

export const USER: ResourceSchema = {
  name: 'User', id: USER_SCHEMA, description: 'A person of the organization',
  attributes: [
    string('userName', 'The name that the directory knows the person by; no other of the organization has it.', { isRequired: true, uniqueness: 'server' }),
    complex('name', "The parts of the person's name.", [
      string('formatted', 'The whole name.'), string('familyName', 'Family name.'), string('givenName', 'Given name.'),
      string('middleName', 'Middle names.'), string('honorificPrefix', 'Title before the name.'), string('honorificSuffix', 'What stands after the name.'),
    ]),
    string('displayName', 'The name for people.'), string('nickName', 'What the person is called.'),
    { name: 'profileUrl', type: 'reference', description: 'A page about the person.', referenceTypes: ['external'], isCaseExact: true },
    string('title', 'What the person is at work.'), string('userType', 'Employee, contractor and the like.'),
    string('preferredLanguage', 'Languages, as Accept-Language says them.'), string('locale', 'How numbers and dates are written.'), string('timezone', 'As in the IANA database.'),
    { name: 'active', type: 'boolean', description: 'False: the person is no member here, and their keys here are disabled.' },
    values('emails', 'E-mail addresses. The primary one, or else that for work, is the one of the account.', ['work', 'home', 'other']),
    values('phoneNumbers', 'Telephone numbers.', ['work', 'home', 'mobile', 'fax', 'pager', 'other']),
    values('photos', 'Where pictures of the person are.', ['photo', 'thumbnail'], { name: 'value', type: 'reference', description: 'Where the picture is.', referenceTypes: ['external'], isCaseExact: true }),
    complex('addresses', 'Postal addresses.', [
      string('formatted', 'The whole address.'), string('streetAddress', 'Street and number.'), string('locality', 'City.'), string('region', 'State or region.'),
      string('postalCode', 'Postal code.'), string('country', 'Country.'), string('type', 'What it is for.', { canonicalValues: ['work', 'home', 'other'] }),
      { name: 'primary', type: 'boolean', description: 'The one that is preferred: at most one is.' },
    ], { isMany: true }),
    GROUPS_OF_USER,
    values('entitlements', 'What the directory says the person may do elsewhere.'),
    values('roles', 'What the directory says the person is. Roles here come from mappings of groups.'),
  ],
  extensions: [{
    name: 'EnterpriseUser', id: ENTERPRISE_SCHEMA, description: 'What employers know of a person',
    attributes: [
      string('employeeNumber', 'The number of the employee.'), string('costCenter', 'The cost centre.'), string('organization', 'The organization.'),
      string('division', 'The division.'), string('department', 'The department.'),
      complex('manager', 'Who the person works for.', [
        string('value', "The id of the manager's resource."),
        { name: '$ref', type: 'reference', description: 'Where the manager is.', referenceTypes: ['User'], isCaseExact: true },
        string('displayName', "The manager's name.", { mutability: 'readOnly' }),
      ]),
    ],
  }],
}

export const GROUP: ResourceSchema = {
  name: 'Group', id: GROUP_SCHEMA, description: 'A group of people of the organization',
  attributes: [
    string('displayName', 'The name of the group; no other of the organization has it.', { isRequired: true, uniqueness: 'server' }),
    complex('members', 'The people in it.', [
      string('value', 'The id of the person.', { mutability: 'immutable' }),
      { name: '$ref', type: 'reference', description: 'Where the person is.', referenceTypes: ['User'], mutability: 'immutable', isCaseExact: true },
      string('type', 'What it is.', { canonicalValues: ['User'], mutability: 'immutable' }),
    ], { isMany: true }),
  ],
  extensions: [],
}

/** Attributes are named in any case (RFC 7643 §2.1). */
export function attributeNamed(attributes: readonly Attribute[], name: string): Attribute | undefined {
  const wanted = name.toLowerCase()
  return attributes.find((attribute) => attribute.name.toLowerCase() === wanted)
}
