import { problemsOfOpenaiRequest } from '../wire/openai-request.ts'
import { meaningOfOpenai } from './openai-meaning.ts'
import { replay } from './suite.ts'

replay({
  recordings: 'openai.chat',
  dialect: 'openai-chat',
  meaningOf: meaningOfOpenai,
  problemsOfRequest: (seen) => problemsOfOpenaiRequest(seen.body),
  pathOf: () => '/chat/completions',
  authOf: (credential) => ['authorization', `Bearer ${credential}`],
})
