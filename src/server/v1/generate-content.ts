import { readGenerate } from '../../dialects/gemini/call-read.ts'
import { geminiArrayClient, geminiClient } from '../../dialects/gemini/gemini-client.ts'
import { googleKey } from '../authenticate.ts'
import type { CallEndpoint } from './call-endpoint.ts'
import { geminiMethod } from './gemini-path.ts'

/** POST /v1beta/models/{model}:generateContent, for every model. */
export const generateContent: CallEndpoint = {
  match: (path) => geminiMethod(path, 'generateContent'),
  key: googleKey,
  dialect: geminiClient,
  read: (body, origin, params) => readGenerate(body, origin, { model: params['model'] ?? '', stream: false }),
}

/** POST /v1beta/models/{model}:streamGenerateContent?alt=sse: a stream of events. */
export const streamGenerateContent: CallEndpoint = {
  match: (path, request) => (asksForEvents(request) ? geminiMethod(path, 'streamGenerateContent') : undefined),
  key: googleKey,
  dialect: geminiClient,
  read: (body, origin, params) => readGenerate(body, origin, { model: params['model'] ?? '', stream: true }),
}

/** The same without `alt=sse`: one JSON array, an element at a time. */
export const streamGenerateArray: CallEndpoint = {
  ...streamGenerateContent,
  match: (path) => geminiMethod(path, 'streamGenerateContent'),
  dialect: geminiArrayClient,
}

function asksForEvents(request: Request): boolean {
  return /[?&]alt=sse(?:&|$)/.test(request.url)
}
