import { describe, expect, test } from 'bun:test'
import { validateResponse } from '../../../test/openapi.ts'
import { ask, endpoint, fakeServices, model, provider, snapshot } from '../../../test/openapi/fake-services.ts'
import { hasShared } from '../../../test/shared.ts'

const acme = provider('acme', { name: 'Acme', headquarters: 'DE', privacyPolicyUrl: 'https://acme.invalid/privacy', termsUrl: 'https://acme.invalid/terms', statusPageUrl: 'https://status.acme.invalid' })
const bare = provider('bare', { headquarters: 'Atlantis' })
const services = fakeServices(snapshot([model('a/b', [endpoint('a/b', acme), endpoint('a/b', bare)])]))

describe('GET /providers', () => {
  test('200: what is public of each, null for what is not known', async () => {
    const { status, body } = await ask(services, 'GET', '/providers')
    expect(status).toBe(200)
    expect(body).toEqual({
      data: [
        { name: 'Acme', slug: 'acme', privacy_policy_url: 'https://acme.invalid/privacy', terms_of_service_url: 'https://acme.invalid/terms', status_page_url: 'https://status.acme.invalid', headquarters: 'DE', datacenters: null },
        { name: 'bare', slug: 'bare', privacy_policy_url: null, terms_of_service_url: null, status_page_url: null, headquarters: null, datacenters: null },
      ],
    })
    if (hasShared) expect(validateResponse('GET', '/providers', 200, body)).toEqual([])
  })
})

describe('credentials of providers', () => {
  test('show in no public answer', async () => {
    for (const path of ['/providers', '/models', '/models?output_modalities=all', '/model/a/b', '/models/a/b/endpoints', '/models?use_rss=true']) {
      const { text, status } = await ask(services, 'GET', path)
      expect(status).toBe(200)
      for (const secret of ['sk-provider-secret', 'x-secret', 'ACME_API_KEY', 'acme.invalid/v1']) expect(text).not.toContain(secret)
    }
  })
})
