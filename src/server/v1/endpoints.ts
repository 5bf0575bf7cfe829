import type { CallEndpoint } from './call-endpoint.ts'
import { chatCompletions } from './chat-completions.ts'

/** The data plane: every endpoint that makes a call, the most used first. */
export const CALL_ENDPOINTS: readonly CallEndpoint[] = [chatCompletions]
