import { findModel, nearestModels } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import { anthropicMessagesClient } from '../../dialects/anthropic-messages/anthropic-messages.ts'
import { readCall } from '../../dialects/anthropic-messages/call-read.ts'
import { estimateTokens } from '../../dialects/anthropic-messages/count-tokens.ts'
import { exactly, type SideEndpoint } from './call-endpoint.ts'

const NEAREST_MAX = 3

/** POST /messages/count_tokens, for every model: an estimate made here, and said to be one. Checked like the call that it stands for. */
export const countMessageTokens: SideEndpoint = {
  method: 'POST', auth: 'key', dialect: anthropicMessagesClient,
  match: exactly('/api/v1/messages/count_tokens', '/v1/messages/count_tokens'),
  handle: async ({ body, services }) => {
    // It is the object that a call would be read from.
    const request = (await body()) as Parameters<typeof readCall>[0]
    const { models: [model = ''] } = readCall(request, { id: '', createdMs: 0, headers: {}, bodyBytes: 0 })
    const snapshot = services.snapshot()
    if (!findModel(snapshot, model)) {
      const nearest = nearestModels(snapshot, model, NEAREST_MAX)
      throw new Fault('not_found', `model: there is no ${JSON.stringify(model.slice(0, 200))} here${nearest.length > 0 ? `; the nearest are ${nearest.join(', ')}` : ''}`, { metadata: { field: 'model' } })
    }
    return { input_tokens: estimateTokens(request), estimated: true }
  },
}
