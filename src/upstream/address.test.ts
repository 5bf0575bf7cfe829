import { expect, test } from 'bun:test'
import { geminiEndpoint } from '../../test/wire/gemini-call.ts'
import type { Endpoint, Provider } from '../catalog/endpoint.ts'
import { joinUrl, urlOf } from './address.ts'

function at(provider: Partial<Provider>, upstreamId = 'my deployment'): Endpoint {
  const endpoint = geminiEndpoint(upstreamId)
  return { ...endpoint, provider: { ...endpoint.provider, dialect: 'openai-chat', baseUrl: 'https://r.openai.azure.com/openai/v1', ...provider } }
}

test('a base with or without the version that the path begins with', () => {
  expect(joinUrl('https://a.example', '/v1/messages')).toBe('https://a.example/v1/messages')
  expect(joinUrl('https://a.example/v1/', '/v1/messages')).toBe('https://a.example/v1/messages')
  expect(joinUrl('https://a.example/v1', '/chat/completions')).toBe('https://a.example/v1/chat/completions')
})

test('Azure’s addresses, by version', () => {
  expect(urlOf(at({}), '/chat/completions')).toBe('https://r.openai.azure.com/openai/v1/chat/completions')
  expect(urlOf(at({ apiVersion: 'preview' }), '/responses')).toBe('https://r.openai.azure.com/openai/v1/responses?api-version=preview')
  expect(urlOf(at({ apiVersion: '2024-10-21' }), '/chat/completions')).toBe('https://r.openai.azure.com/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21')
  expect(urlOf(at({ apiVersion: '2025-04-01-preview', dialect: 'openai-responses' }), '/responses')).toBe('https://r.openai.azure.com/openai/responses?api-version=2025-04-01-preview')
  expect(urlOf(at({ apiVersion: '2024-10-21', dialect: 'anthropic-messages', baseUrl: 'https://r.services.ai.azure.com/anthropic' }), '/v1/messages')).toBe('https://r.services.ai.azure.com/anthropic/v1/messages')
})

test('a query of the path stays, and the whole address of a call is all of it', () => {
  expect(urlOf(at({ apiVersion: '2024-10-21' }, 'd'), '/chat/completions?a=1')).toBe('https://r.openai.azure.com/openai/deployments/d/chat/completions?a=1&api-version=2024-10-21')
  expect(urlOf(at({ callUrl: 'https://x.example/it?api-version=1' }), '/chat/completions')).toBe('https://x.example/it?api-version=1')
})
