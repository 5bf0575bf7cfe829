import { expect } from 'bun:test'
import type { Endpoint } from '../../src/catalog/endpoint.ts'
import type { CallHeaders } from '../../src/core/call.ts'
import { Fault } from '../../src/core/fault.ts'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { anthropicMessages } from '../../src/dialects/anthropic-messages/anthropic-messages.ts'
import { problemsOfAnthropicRequest } from './anthropic-request.ts'
import { callOf, endpointOf } from './anthropic.ts'

/** A request as it was written for Anthropic, and the fields that warnings name. */
export interface Written {
  readonly body: JsonObject
  readonly headers: Readonly<Record<string, string>>
  readonly warned: readonly string[]
  readonly messages: readonly { role: string; content: readonly JsonObject[] }[]
}

/** The smallest chat body. */
export const HELLO = { messages: [{ role: 'user', content: 'Hello' }] }

/** What is written of a chat body. What comes out must always be valid for Anthropic. */
export function write(chat: JsonObject, endpoint: Endpoint = endpointOf(), headers: CallHeaders = {}): Written {
  const request = anthropicMessages.writeCall(callOf({ ...HELLO, ...chat }, headers), endpoint)
  // It was written as JSON of an object a line above; `messages` is checked by the validator.
  const body = JSON.parse(request.body) as JsonObject & { messages: Written['messages'] }
  expect(problemsOfAnthropicRequest(body)).toEqual([])
  expect(request.path).toBe('/v1/messages')
  return { body, headers: request.headers, warned: request.warnings.map((warning) => warning.field), messages: body.messages }
}

/** The fault that a chat body is; fails when it is none. */
export function faultOf(chat: JsonObject, endpoint?: Endpoint): Fault {
  try {
    write(chat, endpoint)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error('no fault')
}

export const user = (content: Json): JsonObject => ({ role: 'user', content })
export const assistant = (content: Json, more: JsonObject = {}): JsonObject => ({ role: 'assistant', content, ...more })
export const call = (id: string, args: Json = '{}', name = 'f'): JsonObject => ({ id, type: 'function', function: { name, arguments: args } })
export const result = (id: string, content: Json = 'ok', more: JsonObject = {}): JsonObject => ({ role: 'tool', tool_call_id: id, content, ...more })
export const text = (value: string, more: JsonObject = {}): JsonObject => ({ type: 'text', text: value, ...more })
export const tool = (name: string, more: JsonObject = {}, fn: JsonObject = {}): JsonObject => ({ type: 'function', function: { name, parameters: { type: 'object', properties: {} }, ...fn }, ...more })
export const MARK = { cache_control: { type: 'ephemeral' } }

export const OPUS_48 = endpointOf('claude-opus-4-8', { outputMax: 128_000 })
export const OPUS_46 = endpointOf('claude-opus-4-6', { outputMax: 128_000 })
export const OPUS_5 = endpointOf('claude-opus-5', { outputMax: 128_000 })
export const FABLE = endpointOf('claude-fable-5', { outputMax: 128_000 })
