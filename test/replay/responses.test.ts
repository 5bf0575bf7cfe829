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
  refused: { 'openai.responses/openai--http-error': /temperature: must be/ },
  statuses: {
    // A provider's account without credit is the operator's to mend: the client is not told to slow down.
    'openai.responses/openai--error-1': 502,
    'openai.responses/openai--inferred-model-name-suggestion': 404,
  },
})
