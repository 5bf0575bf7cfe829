import { DEFAULT_WORKSPACE as OWN } from '../../guardrails/guardrail.ts'

/** The one workspace of an account: what `workspace_id` says until accounts have several. Clients expect a UUID. */
export const DEFAULT_WORKSPACE = OWN
