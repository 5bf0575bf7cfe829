import { readCohereChat } from '../../dialects/cohere-client/call-read.ts'
import { cohereClient } from '../../dialects/cohere-client/cohere-client.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /v2/chat, as Cohere's client asks it: its base URL is the server itself, or `/api` of it. */
export const cohereChat: CallEndpoint = { match: exactly('/v2/chat', '/api/v2/chat'), dialect: cohereClient, read: readCohereChat }
