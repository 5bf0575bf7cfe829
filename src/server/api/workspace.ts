/** The one workspace of an account: what `workspace_id` says until accounts have several. Clients expect a UUID. */
export const DEFAULT_WORKSPACE = '00000000-0000-4000-8000-000000000001'
