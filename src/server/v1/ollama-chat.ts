import { readOllamaChat, readOllamaGenerate } from '../../dialects/ollama/call-read.ts'
import { ollamaChatClient, ollamaGenerateClient } from '../../dialects/ollama/ollama.ts'
import { ollamaKey } from '../authenticate.ts'
import { exactly, type CallEndpoint } from './call-endpoint.ts'

/** POST /api/chat, for tools that know only Ollama. */
export const ollamaChat: CallEndpoint = { match: exactly('/api/chat'), key: ollamaKey, dialect: ollamaChatClient, read: readOllamaChat }

/** POST /api/generate, likewise. */
export const ollamaGenerate: CallEndpoint = { match: exactly('/api/generate'), key: ollamaKey, dialect: ollamaGenerateClient, read: readOllamaGenerate }
