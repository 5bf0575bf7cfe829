import type { Fault } from '../../core/fault.ts'
import type { JsonObject } from '../../core/json.ts'
import { errorObject } from '../openai-chat/fault-write.ts'

/** What went wrong, in one sentence. A bug of ours says nothing of itself. */
export function errorMessage(fault: Fault): string {
  return fault.code === 'internal' ? 'Internal Server Error' : fault.message
}

/** An error as Cohere's clients read it: a message, and the id of the call. What is ours of it stands beside it. */
export function errorBody(fault: Fault, callId: string | undefined): JsonObject {
  const { router, availability } = fault.options
  return {
    ...(callId === undefined ? {} : { id: callId }),
    message: errorMessage(fault),
    error_type: fault.type,
    metadata: errorObject(fault)['metadata'],
    ...(availability && { availability }),
    ...(router && fault.code !== 'internal' ? { openrouter_metadata: router } : {}),
  }
}
