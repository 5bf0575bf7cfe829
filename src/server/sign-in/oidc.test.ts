import { expect, test } from 'bun:test'
import { FakeClock } from '../../lib/clock.ts'
import { Fault } from '../../core/fault.ts'
import { checkOidc, type OidcParty } from './oidc.ts'

const ENTRA = 'https://login.microsoftonline.com'

/** Microsoft, as far as it says what it is: of tenants together it says that they are all of them. */
function partyAt(tenant: string): OidcParty {
  const said = ['common', 'organizations'].includes(tenant) ? '{tenantid}' : tenant
  return {
    label: 'Acme', issuer: `${ENTRA}/${tenant}/v2.0`, clientId: 'us', clientSecret: 'secret', clock: new FakeClock(), isHttpAllowed: false,
    send: async (url) => (url === `${ENTRA}/${tenant}/v2.0/.well-known/openid-configuration` ? Response.json({ issuer: `${ENTRA}/${said}/v2.0`, jwks_uri: `${ENTRA}/keys` }) : new Response(null, { status: 404 })),
  }
}

const faultOf = (party: OidcParty): Promise<unknown> => checkOidc(party).then(() => undefined, (error: unknown) => error)

test('an issuer that speaks for all tenants of Microsoft is not believed: in their own anybody may say any address', async () => {
  for (const tenant of ['common', 'organizations']) {
    const fault = await faultOf(partyAt(tenant))
    expect(fault instanceof Fault && [fault.code, fault.options.detail]).toEqual(['permission_denied', expect.stringContaining('name one tenant as the issuer')])
  }
  expect(await faultOf(partyAt('8c1e3f7a-0000-4000-8000-000000000001'))).toBeUndefined()
})
