import type { CallEndpoint, SideEndpoint } from './call-endpoint.ts'
import { chatCompletions } from './chat-completions.ts'
import { cohereChat } from './cohere-chat.ts'
import { completions } from './completions.ts'
import { cursorChatCompletions } from './cursor-chat-completions.ts'
import { countTokens, listGeminiModels } from './gemini-models.ts'
import { batchEmbedContents, embedContent } from './embed-content.ts'
import { embeddings } from './embeddings.ts'
import { generateContent, streamGenerateArray, streamGenerateContent } from './generate-content.ts'
import { messages } from './messages.ts'
import { mistralChatCompletions } from './mistral-chat-completions.ts'
import { retrieveModel } from './model.ts'
import { countMessageTokens } from './messages-count-tokens.ts'
import { listAnthropicModels } from './models-anthropic.ts'
import { responses } from './responses.ts'
import { ollamaChat, ollamaGenerate } from './ollama-chat.ts'
import { ollamaEmbed, ollamaEmbeddings } from './ollama-embed.ts'
import { ollamaHome, ollamaPull, ollamaRunning, ollamaShow, ollamaTags, ollamaVersion } from './ollama-models.ts'

/** The data plane: every endpoint that makes a call, the most used first; Mistral's shares a path with chat, and looks at who asks. */
export const CALL_ENDPOINTS: readonly CallEndpoint[] = [mistralChatCompletions, chatCompletions, messages, responses, generateContent, streamGenerateContent, streamGenerateArray, completions, cursorChatCompletions, ollamaChat, ollamaGenerate, ollamaEmbed, ollamaEmbeddings, cohereChat, embeddings, embedContent, batchEmbedContents]

/** What clients of a dialect ask beside their calls. Looked at before the control plane, whose paths some of them share. */
export const SIDE_ENDPOINTS: readonly SideEndpoint[] = [countMessageTokens, listAnthropicModels, countTokens, listGeminiModels, ollamaTags, ollamaVersion, ollamaShow, ollamaRunning, ollamaHome, ollamaPull, retrieveModel]
