import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { validateResponse } from '../../../test/openapi.ts'
import { ask, endpoint, keyRecord, model, provider, snapshot, type Answer } from '../../../test/openapi/fake-services.ts'
import { storedServices } from '../../../test/openapi/stored-services.ts'
import { hasShared } from '../../../test/shared.ts'

const CATALOGUE = snapshot([model('acme/tiny', [endpoint('acme/tiny', provider('acme'))])])
const KEY = keyRecord()

let services: Awaited<ReturnType<typeof storedServices>>
beforeAll(async () => { services = await storedServices(CATALOGUE) })
afterAll(async () => { await services.close() })

async function api(method: string, path: string, body?: Record<string, unknown>): Promise<Answer & { readonly data: Record<string, unknown> }> {
  services.clock.advance(1000)
  const answer = await ask(services, method, path, { as: KEY, ...(body && { body }) })
  if (hasShared && answer.status < 300) expect(validateResponse(method, path, answer.status, answer.body)).toEqual([])
  // Tests look at single fields of it; one that is not there fails there.
  return { ...answer, data: ((answer.body as Record<string, unknown> | undefined)?.['data'] ?? {}) as Record<string, unknown> }
}

const USER = [{ role: 'user', content: 'hi' }]

describe('presets', () => {
  test('H30, A28: a request makes a preset, the next one its next version, which is the one that calls get', async () => {
    const first = await api('POST', '/presets/Copy-Writer/chat/completions', { model: 'acme/tiny', temperature: 0.5, stream: true, messages: [{ role: 'system', content: 'Be brief' }, ...USER] })
    expect(first.data).toMatchObject({ slug: 'copy-writer', status: 'active', designated_version: { version: 1, system_prompt: 'Be brief', config: { model: 'acme/tiny', temperature: 0.5 } } })
    const second = await api('POST', '/presets/copy-writer/chat/completions', { models: ['acme/tiny', 'acme/big'], messages: USER })
    expect(second.data).toMatchObject({ id: first.data['id'], designated_version: { version: 2, system_prompt: null, config: { model: 'acme/tiny', models: ['acme/tiny', 'acme/big'] } } })
    expect((await api('GET', '/presets/copy-writer')).data).toEqual(second.data)
  })

  test('H30: says who made it, and who made each version', async () => {
    const by = async (creatorUserId: string | null) => await ask(services, 'POST', '/presets/shared/chat/completions', { as: keyRecord({ accountId: 'makers', creatorUserId }), body: { temperature: 0, messages: USER } })
    await by('user_ada')
    expect((await by('user_bob')).body).toMatchObject({ data: { creator_user_id: 'user_ada', designated_version: { version: 2, creator_id: 'user_bob' } } })
    expect((await by(null)).body).toMatchObject({ data: { creator_user_id: 'user_ada', designated_version: { version: 3, creator_id: 'user_owner' } } })
    const versions = await ask(services, 'GET', '/presets/shared/versions', { as: keyRecord({ accountId: 'makers' }) })
    expect(versions.body).toMatchObject({ data: [{ creator_id: 'user_ada' }, { creator_id: 'user_bob' }, { creator_id: 'user_owner' }] })
  })

  test('A28: the bodies of Messages and Responses say the same', async () => {
    const messages = await api('POST', '/presets/m/messages', { model: 'acme/tiny', max_tokens: 50, system: 'Be kind', stop_sequences: ['END'], messages: USER })
    expect(messages.data).toMatchObject({ designated_version: { system_prompt: 'Be kind', config: { model: 'acme/tiny', max_tokens: 50, stop: ['END'] } } })
    const responses = await api('POST', '/presets/r/responses', { model: 'acme/tiny', instructions: 'Be quick', temperature: 0.1, input: 'hi' })
    expect(responses.data).toMatchObject({ designated_version: { system_prompt: 'Be quick', config: { model: 'acme/tiny', temperature: 0.1 } } })
  })

  test('a preset need not name a model', async () => {
    expect((await api('POST', '/presets/cool/chat/completions', { temperature: 0, messages: USER })).data).toMatchObject({ designated_version: { config: { temperature: 0 } } })
  })

  test('lists: the one changed last first; versions oldest first, by pages and by number', async () => {
    const { body } = await api('GET', '/presets?limit=2')
    expect(body).toMatchObject({ total_count: 4, data: [{ slug: 'cool' }, { slug: 'r' }] })
    expect((await api('GET', '/presets/copy-writer/versions?offset=1')).body).toMatchObject({ total_count: 2, data: [{ version: 2 }] })
    expect((await api('GET', '/presets/copy-writer/versions/1')).data).toMatchObject({ version: 1, system_prompt: 'Be brief' })
  })

  test('400 and 404', async () => {
    expect(await api('POST', '/presets/x/chat/completions', { model: 'acme/tiny', temperature: 9, messages: USER })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'temperature' } } } })
    expect(await api('POST', '/presets/x/chat/completions', { model: '@preset/cool', messages: USER })).toMatchObject({ status: 400, fault: { options: { metadata: { field: 'model' } } } })
    expect(await api('POST', '/presets/bad%20slug/chat/completions', { messages: USER })).toMatchObject({ status: 400 })
    expect(await api('GET', '/presets/copy-writer/versions/last')).toMatchObject({ status: 400 })
    for (const path of ['/presets/x', '/presets/x/versions', '/presets/copy-writer/versions/9']) expect(await api('GET', path)).toMatchObject({ status: 404 })
  })

  test('another account has none of them', async () => {
    expect((await ask(services, 'GET', '/presets', { as: keyRecord({ accountId: 'else' }) })).body).toEqual({ data: [], total_count: 0 })
  })
})
