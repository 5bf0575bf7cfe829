import type { Exchange } from './exchange.ts'
import { problemsOfOpenaiRequest } from '../wire/openai-request.ts'
import { meaningOfOpenai } from './openai-meaning.ts'
import type { Seen } from './provider.ts'
import { replay } from './suite.ts'

const SERVER_TOOL = /server tool \\"openrouter:\w+\\" is not available/

replay({
  recordings: 'openai.chat',
  dialect: 'openai-chat',
  meaningOf: meaningOfOpenai,
  problemsOfRequest,
  pathOf: () => '/chat/completions',
  authOf: (credential, provider) => (provider === 'azure' ? ['api-key', credential] : ['authorization', `Bearer ${credential}`]),
  refused: {
    'openai.chat/groq--reasoning-wire-contract-groq-gpt-oss-thinking-merges-user-f7b8b4': /service_tier: must be one of/,
    'openai.chat/openai--chat-bad-request': /max_tokens: must be/,
    'openai.chat/openai--chat-no-messages': /messages/,
    'openai.chat/openrouter--advisor-tool': SERVER_TOOL,
    'openai.chat/openrouter--advisor-tool-stream': SERVER_TOOL,
    'openai.chat/openrouter--web-search-annotations-stream': SERVER_TOOL,
    'openai.chat/openrouter--web-search-tool-usage': SERVER_TOOL,
  },
})

/** What is wrong with the request, less what was wrong with the recorded one: its provider took that. */
function problemsOfRequest(seen: Seen, exchange: Exchange): string[] {
  const recorded = exchange.request.body === null ? [] : problemsOfOpenaiRequest(exchange.request.body)
  const taken = new Set(recorded.filter((problem) => exchange.provider === 'openrouter' || !problem.includes("not a field of OpenAI's")))
  return problemsOfOpenaiRequest(seen.body).filter((problem) => !taken.has(problem))
}
