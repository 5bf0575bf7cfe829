import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { JsonObject } from '../../src/core/json.ts'
import { startGateway, type Gateway } from '../server.ts'
import { startPanel, type PanelProvider } from './panel-provider.ts'

setDefaultTimeout(60_000)

/** C57, B26 in the whole program: no reasoning, asked of models that cannot answer without. */
let provider: PanelProvider
let gateway: Gateway
const price = 'price: { input: "1", output: "1" }'
beforeAll(async () => {
  provider = startPanel()
  gateway = await startGateway({ config: `
providers:
  acme:
    dialect: openai-chat
    base_url: ${JSON.stringify(provider.url)}
    api_key: k
    models:
      - { id: acme/sage-2, upstream_id: sage, ${price}, parameters: [reasoning, max_tokens], reasoning: { efforts: [high, low], mandatory: true } }
      - { id: acme/plain-1, upstream_id: plain, ${price}, parameters: [reasoning, max_tokens], reasoning: { efforts: [high, low, none] } }
  clerk:
    dialect: anthropic-messages
    base_url: ${JSON.stringify(provider.url)}
    api_key: k
    models:
      - { id: clerk/scribe-3, upstream_id: scribe, max_output: 1000, ${price}, reasoning: { budget: true, mandatory: true } }
` })
})
afterAll(async () => {
  await gateway.stop()
  provider.stop()
})

const messages = [{ role: 'user', content: 'Hi' }]
const chat = (model: string, wish: object) => gateway.api('/chat/completions', { model, messages, ...wish })
const messagesOf = (model: string) => gateway.api('/messages', { model, max_tokens: 100, messages, thinking: { type: 'disabled' } })

describe('C57: reasoning that cannot be turned off', () => {
  test.each([{ reasoning: { effort: 'none' } }, { reasoning: { enabled: false } }, { reasoning: { max_tokens: 0 } }, { reasoning_effort: 'none' }])('by its family\'s name it is asked for the least: %p', async (wish) => {
    provider.play({ sage: { says: 'Hm.' } })
    const response = await chat('~acme/sage-latest', wish)
    expect(response.status).toBe(200)
    expect(response.headers.get('x-switchyard-warnings')).toContain('reasoning: acme/sage-2 always reasons')
    expect(await response.json()).toMatchObject({ model: 'acme/sage-2' })
    expect(provider.asked('sage')[0]?.body).toMatchObject({ reasoning_effort: 'low' })
  })

  test('by its own name it is refused, in the words of any client, before anybody is asked', async () => {
    provider.play({ sage: { says: 'Hm.' }, scribe: { says: 'Hm.' } })
    const refusals = await Promise.all([
      chat('acme/sage-2', { reasoning: { effort: 'none' } }),
      gateway.api('/responses', { model: 'acme/sage-2', input: 'Hi', reasoning: { effort: 'none' } }),
      messagesOf('acme/sage-2'), messagesOf('clerk/scribe-3'),
    ])
    for (const response of refusals) {
      expect(response.status).toBe(400)
      expect(((await response.json()) as { error: JsonObject }).error['message']).toContain('cannot answer without reasoning; leave out what turns reasoning off')
    }
    expect(provider.asked()).toEqual([])
  })

  test('the client\'s own request goes to a provider of its dialect without the word that it would refuse', async () => {
    provider.play({ scribe: { says: 'Hm.' }, sage: { says: 'Hm.' } })
    expect((await messagesOf('~clerk/scribe-latest')).status).toBe(200)
    expect(provider.asked('scribe')[0]?.body).not.toHaveProperty('thinking')
    expect((await gateway.api('/responses', { model: '~acme/sage-latest', input: 'Hi', reasoning: { effort: 'none' } })).status).toBe(200)
  })

  test('a fallback that can do without is taken; a model that can is told not to', async () => {
    provider.play({ plain: { says: 'Hi.' } })
    const response = await chat('acme/sage-2', { models: ['acme/plain-1'], reasoning: { effort: 'none' } })
    expect(await response.json()).toMatchObject({ model: 'acme/plain-1' })
    expect(provider.asked('plain')[0]?.body).toMatchObject({ reasoning_effort: 'none' })
  })

  test('nobody asks for less: nothing changes', async () => {
    provider.play({ sage: { says: 'Hm.' } })
    await chat('acme/sage-2', { reasoning: { effort: 'high' } })
    await chat('~acme/sage-latest', {})
    expect(provider.asked('sage').map(({ body }) => body['reasoning_effort'])).toEqual(['high', undefined])
  })
})
