import { problemsOfResponsesRequest } from '../wire/responses-request.ts'
import { meaningOfResponses } from './responses-meaning.ts'
import { replay } from './suite.ts'

replay({
  recordings: 'openai.responses',
  dialect: 'openai-responses',
  meaningOf: meaningOfResponses,
  problemsOfRequest: (seen) => problemsOfResponsesRequest(seen.body),
  pathOf: () => '/responses',
  authOf: (credential, provider) => (provider === 'azure' ? ['api-key', credential] : ['authorization', `Bearer ${credential}`]),
})
