import { geminiBatchEmbedClient, geminiEmbedClient } from '../../dialects/gemini/embed-answer.ts'
import { readEmbed } from '../../dialects/gemini/embed-read.ts'
import { googleKey } from '../authenticate.ts'
import type { CallEndpoint } from './call-endpoint.ts'
import { geminiMethod } from './gemini-path.ts'

/** POST /v1beta/models/{model}:embedContent, for every model that makes embeddings. */
export const embedContent: CallEndpoint = {
  match: (path) => geminiMethod(path, 'embedContent'),
  key: googleKey,
  dialect: geminiEmbedClient,
  read: (body, origin, params) => readEmbed(body, origin, { model: params['model'] ?? '', isBatch: false }),
}

/** POST /v1beta/models/{model}:batchEmbedContents: as many vectors as requests. */
export const batchEmbedContents: CallEndpoint = {
  match: (path) => geminiMethod(path, 'batchEmbedContents'),
  key: googleKey,
  dialect: geminiBatchEmbedClient,
  read: (body, origin, params) => readEmbed(body, origin, { model: params['model'] ?? '', isBatch: true }),
}
