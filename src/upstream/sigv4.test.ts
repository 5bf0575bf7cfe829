import { describe, expect, test } from 'bun:test'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { signRequest } from './sigv4.ts'
import { Sha256 } from './sigv4.fixture.ts'

const ACCOUNT = { kind: 'aws', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' } as const
const SCOPE = { region: 'us-east-1', service: 'service' }
const AT_MS = Date.UTC(2015, 7, 30, 12, 36, 0)
const HOST = 'example.amazonaws.com'
const LETTERS = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

interface Vector {
  readonly name: string
  readonly method?: string
  readonly path?: string
  readonly query?: readonly [string, string][]
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signature: string
  readonly names?: string
  readonly sessionToken?: string
}

const VANILLA = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'
const POST = '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'
const FORM = { 'x-amz-content-sha256': '9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e', 'content-length': '13' }
const FORM_NAMES = 'content-length;content-type;host;x-amz-content-sha256;x-amz-date'
const STS_TOKEN = 'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

/** AWS's published test suite, as awslabs/aws-c-auth has it at 495329c: all that are signed in headers and normalise the path. */
const VECTORS: readonly Vector[] = [
  { name: 'get-vanilla', signature: VANILLA },
  { name: 'get-header-key-duplicate', headers: { 'My-Header1': 'value2,value2,value1' }, names: 'host;my-header1;x-amz-date', signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea' },
  { name: 'get-header-value-order', headers: { 'My-Header1': 'value4,value1,value3,value2' }, names: 'host;my-header1;x-amz-date', signature: '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01' },
  { name: 'get-header-value-trim', headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' }, names: 'host;my-header1;my-header2;x-amz-date', signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736' },
  { name: 'get-header-value-multiline', headers: { 'My-Header1': 'value1\n  value2\n     value3' }, names: 'host;my-header1;x-amz-date', signature: 'cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd' },
  { name: 'get-relative-normalized', path: '/example/..', signature: VANILLA },
  { name: 'get-relative-relative-normalized', path: '/example1/example2/../..', signature: VANILLA },
  { name: 'get-slash-dot-slash-normalized', path: '/./', signature: VANILLA },
  { name: 'get-slash-normalized', path: '//', signature: VANILLA },
  { name: 'get-slash-pointless-dot-normalized', path: '/./example', signature: 'ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5' },
  { name: 'get-slashes-normalized', path: '//example//', signature: '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84' },
  { name: 'get-space-normalized', path: '/example space/', signature: '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741' },
  { name: 'get-unreserved', path: `/${LETTERS}`, signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f' },
  { name: 'get-utf8', path: '/ሴ', signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85' },
  { name: 'get-vanilla-empty-query-key', query: [['Param1', 'value1']], signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb' },
  { name: 'get-vanilla-query-order-encoded', query: [['Param-3', 'Value3'], ['Param', 'Value2'], ['ሴ', 'Value1']], signature: '371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac' },
  { name: 'get-vanilla-query-order-key-case', query: [['Param2', 'value2'], ['Param1', 'value1']], signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500' },
  { name: 'get-vanilla-query-unreserved', query: [[LETTERS, LETTERS]], signature: '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197' },
  { name: 'get-vanilla-utf8-query', query: [['ሴ', 'bar']], signature: '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04' },
  { name: 'get-vanilla-with-session-token', sessionToken: '6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267', names: 'host;x-amz-date;x-amz-security-token', signature: '07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8' },
  { name: 'post-vanilla', method: 'POST', signature: POST },
  { name: 'post-vanilla-query', method: 'POST', query: [['Param1', 'value1']], signature: '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11' },
  { name: 'post-header-key-case', method: 'POST', signature: POST },
  { name: 'post-header-key-sort', method: 'POST', headers: { 'My-Header1': 'value1' }, names: 'host;my-header1;x-amz-date', signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c' },
  { name: 'post-header-value-case', method: 'POST', headers: { 'My-Header1': 'VALUE1' }, names: 'host;my-header1;x-amz-date', signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d' },
  { name: 'post-sts-header-before', method: 'POST', sessionToken: STS_TOKEN, names: 'host;x-amz-date;x-amz-security-token', signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead' },
  { name: 'post-x-www-form-urlencoded', method: 'POST', body: 'Param1=value1', headers: { ...FORM, 'Content-Type': 'application/x-www-form-urlencoded' }, names: FORM_NAMES, signature: 'd3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b' },
  { name: 'post-x-www-form-urlencoded-parameters', method: 'POST', body: 'Param1=value1', headers: { ...FORM, 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }, names: FORM_NAMES, signature: '328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422' },
]

describe("AWS's test vectors", () => {
  for (const vector of VECTORS) {
    test(vector.name, () => {
      const { method = 'GET', path = '/', query = [], headers = {}, body = '', names = 'host;x-amz-date', sessionToken } = vector
      const account = { ...ACCOUNT, ...(sessionToken === undefined ? {} : { sessionToken }) }
      const signed = signRequest({ method, host: HOST, path, query, headers, body }, account, SCOPE, AT_MS)
      expect(signed).toEqual({
        'x-amz-date': '20150830T123600Z',
        ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
        authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${names}, Signature=${vector.signature}`,
      })
    })
  }
})

describe("as AWS's own signer", () => {
  const path = fc.array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.constantFrom('model', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mi1')), { maxLength: 4 })
    .map((segments) => `/${segments.map((segment) => encodeURIComponent(segment)).join('/')}`)
  const name = fc.stringMatching(/^x-[a-z0-9]{1,10}$/)
  const value = fc.stringMatching(/^[!-~][ -~]{0,20}[!-~]$/)
  const query = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 8 })), { maxLength: 3, selector: ([key]) => key })

  test('any path, query, headers, body, region, time and session give the same signature', async () => {
    await fc.assert(fc.asyncProperty(path, query, fc.dictionary(name, value, { maxKeys: 4 }), fc.string({ unit: 'grapheme' }), fc.constantFrom('us-east-1', 'eu-central-1'),
      fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.option(fc.stringMatching(/^[A-Za-z0-9/+=]{1,40}$/)), async (path, query, headers, body, region, atMs, session) => {
        const account = { ...ACCOUNT, ...(session === null ? {} : { sessionToken: session }) }
        const theirs = new SignatureV4({ service: 'bedrock', region, credentials: account, sha256: Sha256, applyChecksum: false })
        const { headers: expected } = await theirs.sign(
          { method: 'POST', protocol: 'https:', hostname: HOST, path, query: Object.fromEntries(query), headers: { host: HOST, ...headers }, body }, { signingDate: new Date(atMs) })
        const ours = signRequest({ method: 'POST', host: HOST, path, query, headers, body }, account, { region, service: 'bedrock' }, atMs)
        expect(ours['authorization']).toBe(expected['authorization'] ?? '')
        expect(ours['x-amz-date']).toBe(expected['x-amz-date'] ?? '')
      }), { numRuns: 300 })
  })
})

test('what clients and proxies change on the way is not signed', () => {
  const sign = (headers: Record<string, string>) => signRequest({ method: 'POST', host: HOST, path: '/', query: [], headers, body: '' }, ACCOUNT, SCOPE, AT_MS)['authorization']
  expect(sign({ 'content-type': 'application/json', 'accept-encoding': 'identity', 'user-agent': 'a', connection: 'close' })).toBe(sign({ 'content-type': 'application/json' }) ?? '')
})

test('a body in pieces is signed as the whole', () => {
  const sign = (body: string | readonly string[]) => signRequest({ method: 'POST', host: HOST, path: '/', query: [], headers: {}, body }, ACCOUNT, SCOPE, AT_MS)
  expect(sign(['{"a":"', 'é', '"}'])).toEqual(sign('{"a":"é"}'))
  // Bytes are made of a long text bit by bit: none of its characters is cut in two.
  for (const blanks of [0, 1]) {
    const long = ' '.repeat(blanks) + '😀'.repeat(300_000)
    expect(sign(long)).toEqual(sign([...long.match(/.{1,1000}/gsu) ?? []]))
  }
})
