import type { ProviderRow } from '../rows.ts'

type Access = Partial<Omit<ProviderRow, 'slug'>>

/** vLLM and its like take these beside OpenAI's. */
const OPEN = ['top_k', 'min_p', 'repetition_penalty', 'logit_bias', 'logprobs', 'top_logprobs']
const LOGPROBS = ['logprobs', 'top_logprobs']
/** OpenAI's models that chat completions and Responses both serve; those of audio and search are chat's alone. */
const IN_RESPONSES = 'gpt-4o* gpt-4.1* gpt-5* o1 o3 o3-mini o4-mini !*audio* !*search* !*realtime* !*transcribe* !*tts*'
/** `asOf`: when a stored copy of the page was read. Only what the provider's own words (or its terms, quoted) say is here. */
const policy = (retains: boolean, trains: boolean, source: string, asOf = '2026-11-20') => ({ retains, trains, source, asOf })

/**
 * What the feed does not say of a provider, or says for another client than ours. Facts: addresses from the provider's
 * API reference, quirks from its docs and recorded exchanges, policies from the page that `source` names.
 */
export const ACCESS: Readonly<Record<string, Access>> = {
  openai: {
    url: 'https://api.openai.com/v1', quirks: ['max_completion_tokens', 'reasoning_effort', 'hides_reasoning', 'base64_embeddings'], parameters: [...LOGPROBS, 'logit_bias', 'prediction'],
    others: { responses: { url: 'https://api.openai.com/v1', dialect: 'openai-responses', serves: IN_RESPONSES } },
    policy: policy(true, false, 'https://developers.openai.com/api/docs/guides/your-data'), headquarters: 'US', status: 'https://status.openai.com',
    privacy: 'https://openai.com/policies/privacy-policy', terms: 'https://openai.com/policies/services-agreement',
  },
  anthropic: {
    url: 'https://api.anthropic.com', dialect: 'anthropic-messages', bodyBytesMax: 32 * 1024 * 1024, policy: policy(true, false, 'https://www.anthropic.com/legal/commercial-terms'), headquarters: 'US',
    status: 'https://status.anthropic.com', privacy: 'https://www.anthropic.com/legal/privacy', terms: 'https://www.anthropic.com/legal/commercial-terms',
  },
  google: {
    name: 'Google AI Studio', url: 'https://generativelanguage.googleapis.com', dialect: 'gemini', env: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'], headquarters: 'US',
    bodyBytesMax: 20 * 1024 * 1024, privacy: 'https://policies.google.com/privacy', terms: 'https://ai.google.dev/gemini-api/terms', status: 'https://aistudio.google.com/status',
  },
  'google-vertex': {
    name: 'Google Vertex', url: 'https://aiplatform.googleapis.com', dialect: 'vertex', env: ['GOOGLE_APPLICATION_CREDENTIALS', 'GOOGLE_VERTEX_API_KEY'], quirks: ['no_developer_role', 'reasoning_effort'], headquarters: 'US',
    policy: policy(true, false, 'https://docs.cloud.google.com/gemini-enterprise-agent-platform/resources/zero-data-retention'), terms: 'https://cloud.google.com/terms', status: 'https://status.cloud.google.com',
  },
  'amazon-bedrock': {
    url: 'https://bedrock-runtime.${AWS_REGION}.amazonaws.com', dialect: 'bedrock-converse', env: ['AWS_BEARER_TOKEN_BEDROCK', 'AWS_ACCESS_KEY_ID'], headquarters: 'US',
    others: { mantle: { url: 'https://bedrock-mantle.${AWS_REGION}.api.aws/openai/v1', dialect: 'openai-responses' } },
    // "Amazon Bedrock doesn't store or log your prompts and completions", nor trains on them. Not so of models whose makers want abuse looked for: all traffic, or what a classifier flags, is kept for up to 30 days.
    policy: policy(false, false, 'https://docs.aws.amazon.com/bedrock/latest/userguide/data-protection.html'),
    policies: [{ models: 'anthropic/claude-fable* anthropic/claude-mythos* openai/* !openai/gpt-oss*', ...policy(true, false, 'https://docs.aws.amazon.com/bedrock/latest/userguide/data-retention.html'), days: 30 }],
    status: 'https://health.aws.amazon.com/health/status',
  },
  azure: {
    url: 'https://${AZURE_RESOURCE_NAME}.openai.azure.com/openai/v1', auth: 'api-key', env: ['AZURE_API_KEY'], quirks: ['max_completion_tokens', 'reasoning_effort', 'hides_reasoning'], parameters: [...LOGPROBS, 'logit_bias'],
    others: {
      responses: { url: 'https://${AZURE_RESOURCE_NAME}.openai.azure.com/openai/v1', dialect: 'openai-responses', serves: IN_RESPONSES },
      anthropic: { url: 'https://${AZURE_RESOURCE_NAME}.services.ai.azure.com/anthropic', dialect: 'anthropic-messages' },
    },
    policy: policy(true, false, 'https://learn.microsoft.com/en-us/legal/cognitive-services/openai/data-privacy'), headquarters: 'US', status: 'https://azure.status.microsoft',
  },
  groq: { url: 'https://api.groq.com/openai/v1', quirks: ['reasoning_effort', 'no_developer_role'], headquarters: 'US', status: 'https://groqstatus.com' },
  // Its page on Responses, 2026-11: what is encrypted of its reasoning comes and goes by Responses only.
  xai: { url: 'https://api.x.ai/v1', others: { 'openai-responses': { url: 'https://api.x.ai/v1', dialect: 'openai-responses', serves: 'grok-* !*imagine*', lacks: 'truncation' } }, quirks: ['reasoning_effort', 'reasoning_outside_completion', 'no_developer_role'], parameters: LOGPROBS, policy: policy(true, false, 'https://docs.x.ai/developers/faq/security'), headquarters: 'US', status: 'https://status.x.ai' },
  mistral: { url: 'https://api.mistral.ai/v1', quirks: ['tool_choice_any', 'mistral_tool_ids', 'mistral_documents', 'mistral_thinking', 'no_seed', 'no_stream_options', 'no_developer_role', 'output_dimension'], parameters: ['-seed'], headquarters: 'FR', status: 'https://status.mistral.ai' },
  // The table of its page on the Anthropic API, 2026-11.
  deepseek: { others: { 'anthropic-messages': { url: 'https://api.deepseek.com/anthropic', dialect: 'anthropic-messages', serves: '*', lacks: 'container mcp_servers service_tier top_k image file' } }, url: 'https://api.deepseek.com', quirks: ['reasoning_content', 'thinking_object', 'no_developer_role', 'no_parallel_tool_calls', 'no_seed'], parameters: [...LOGPROBS, '-seed', '-parallel_tool_calls'], headquarters: 'CN', status: 'https://status.deepseek.com' },
  cerebras: { url: 'https://api.cerebras.ai/v1', quirks: ['reasoning_effort', 'no_developer_role'], parameters: [...LOGPROBS, '-frequency_penalty', '-presence_penalty'], policy: policy(false, false, 'https://support.cerebras.net/articles/1811589793-does-cerebras-retain-my-data'), headquarters: 'US', status: 'https://status.cerebras.ai' },
  cohere: { url: 'https://api.cohere.com', dialect: 'cohere', headquarters: 'CA', status: 'https://status.cohere.com' },
  perplexity: { url: 'https://api.perplexity.ai', quirks: ['reasoning_effort', 'no_developer_role'], parameters: ['top_k', '-seed', '-stop', 'web_search_options'], headquarters: 'US', status: 'https://status.perplexity.com' },
  togetherai: { url: 'https://api.together.xyz/v1', quirks: ['reasoning_effort', 'no_developer_role'], parameters: OPEN, headquarters: 'US', status: 'https://status.together.ai' },
  'fireworks-ai': { quirks: ['reasoning_effort', 'reasoning_content', 'no_developer_role'], parameters: OPEN, policy: policy(false, false, 'https://docs.fireworks.ai/guides/security_compliance/secure_training'), headquarters: 'US', status: 'https://status.fireworks.ai' },
  deepinfra: { url: 'https://api.deepinfra.com/v1/openai', quirks: ['reasoning_effort', 'no_developer_role'], parameters: ['top_k', 'min_p', 'repetition_penalty'], policy: policy(true, false, 'https://docs.deepinfra.com/account/data-privacy'), headquarters: 'US', status: 'https://status.deepinfra.com' },
  'novita-ai': { quirks: ['reasoning_content', 'no_developer_role'], parameters: OPEN },
  openrouter: { others: { 'anthropic-messages': { url: 'https://openrouter.ai/api', dialect: 'anthropic-messages', auth: 'bearer', serves: '*' }, 'openai-responses': { url: 'https://openrouter.ai/api/v1', dialect: 'openai-responses', serves: '*' } }, quirks: ['reasoning_object', 'keeps_cache_control'], parameters: [...OPEN, 'top_a', 'verbosity', 'web_search_options'], headquarters: 'US', status: 'https://status.openrouter.ai' },
  kilo: { quirks: ['reasoning_object', 'keeps_cache_control'], parameters: OPEN },
  // Its overview of the API and its page on pictures, 2026-11: these are data, or files that were uploaded.
  moonshotai: { others: { 'anthropic-messages': { url: 'https://api.moonshot.ai/anthropic', dialect: 'anthropic-messages', auth: 'bearer', serves: '*', quirks: ['no_links'] } }, quirks: ['reasoning_content', 'thinking_object', 'no_developer_role', 'no_links'], headquarters: 'CN' },
  'moonshotai-cn': { quirks: ['reasoning_content', 'thinking_object', 'no_developer_role', 'no_links'], headquarters: 'CN' },
  zai: { quirks: ['reasoning_content', 'thinking_object', 'no_developer_role', 'no_parallel_tool_calls', 'no_seed'], parameters: ['-seed', '-parallel_tool_calls', '-frequency_penalty', '-presence_penalty'], headquarters: 'CN' },
  zhipuai: { quirks: ['reasoning_content', 'thinking_object', 'no_developer_role', 'no_parallel_tool_calls', 'no_seed'], parameters: ['-seed', '-parallel_tool_calls', '-frequency_penalty', '-presence_penalty'], headquarters: 'CN' },
  alibaba: { quirks: ['enable_thinking', 'reasoning_content', 'keeps_cache_control', 'no_developer_role'], parameters: ['top_k', 'logprobs', 'top_logprobs', '-frequency_penalty'], headquarters: 'SG' },
  'alibaba-cn': { quirks: ['enable_thinking', 'reasoning_content', 'keeps_cache_control', 'no_developer_role'], parameters: ['top_k', 'logprobs', 'top_logprobs', '-frequency_penalty'], headquarters: 'CN' },
  vercel: { url: 'https://ai-gateway.vercel.sh/v1', quirks: ['reasoning_object'], headquarters: 'US', status: 'https://www.vercel-status.com' },
  venice: { url: 'https://api.venice.ai/api/v1', quirks: ['reasoning_effort', 'no_developer_role'], parameters: ['top_k', 'min_p', 'repetition_penalty'], headquarters: 'US' },
  v0: { url: 'https://api.v0.dev/v1' },
  aihubmix: { url: 'https://aihubmix.com/v1' },
  'cloudflare-ai-gateway': { url: 'https://gateway.ai.cloudflare.com/v1/${CLOUDFLARE_ACCOUNT_ID}/${CLOUDFLARE_GATEWAY_ID}/compat', env: ['CLOUDFLARE_API_TOKEN'] },
  'cloudflare-workers-ai': { env: ['CLOUDFLARE_API_KEY', 'CLOUDFLARE_API_TOKEN'], parameters: ['top_k', 'repetition_penalty'], headquarters: 'US' },
  databricks: { env: ['DATABRICKS_TOKEN'] },
  'snowflake-cortex': { env: ['SNOWFLAKE_CORTEX_PAT'], quirks: ['max_completion_tokens', 'no_developer_role'] },
  neon: { env: ['NEON_AI_GATEWAY_TOKEN'] },
  opencode: {
    others: {
      anthropic: { url: 'https://opencode.ai/zen', dialect: 'anthropic-messages' }, gemini: { url: 'https://opencode.ai/zen', dialect: 'gemini' },
      responses: { url: 'https://opencode.ai/zen/v1', dialect: 'openai-responses' },
    },
  },
  'opencode-go': { others: { anthropic: { url: 'https://opencode.ai/zen/go', dialect: 'anthropic-messages' } } },
  zenmux: { others: { anthropic: { url: 'https://zenmux.ai/api/anthropic', dialect: 'anthropic-messages' } } },
  freemodel: { others: { openai: { url: 'https://api.freemodel.dev/v1', dialect: 'openai-chat', quirks: ['reasoning_effort', 'no_developer_role'] } } },
  'llama': { headquarters: 'US', quirks: ['no_developer_role'] },
  'huggingface': { headquarters: 'US' }, 'scaleway': { headquarters: 'FR', hosting: { datacenters: ['FR'], source: 'https://www.scaleway.com/en/docs/generative-apis/reference-content/data-privacy/', asOf: '2026-11-20' } }, 'ovhcloud': { headquarters: 'FR' }, 'nebius': { headquarters: 'NL', parameters: OPEN }, 'nvidia': { headquarters: 'US', quirks: ['reasoning_content', 'no_developer_role', 'passage_input_type'] },
  'siliconflow': { quirks: ['enable_thinking', 'reasoning_content', 'no_developer_role'], parameters: ['top_k', 'min_p'] }, 'siliconflow-cn': { quirks: ['enable_thinking', 'reasoning_content', 'no_developer_role'], parameters: ['top_k', 'min_p'], headquarters: 'CN' },
  'chutes': { parameters: OPEN }, 'baseten': { headquarters: 'US', parameters: ['top_k', 'min_p', 'repetition_penalty'] }, 'friendli': { parameters: ['top_k', 'min_p', 'repetition_penalty'] },
}

/**
 * Left out: servers on the user's own machine (they are found where they run), plans bound to one vendor's client by
 * their terms or a login that is no key, addresses that are not public, and what is the same as another row.
 */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  'lmstudio', 'atomic-chat', 'github-copilot', 'gitlab', 'sap-ai-core', 'merge-gateway', 'google-vertex-anthropic', 'azure-cognitive-services', 'kimi-for-coding',
])

/** Free of charge as a whole, within rate limits: their offers stand in the `:free` rows of models that others sell. */
export const FREE_TIERS: ReadonlySet<string> = new Set(['nvidia', 'github-models', 'modelscope', 'llama'])

/** Single offers that their provider's own price list says cost nothing: z.ai's pricing page, 2025-11. */
export const FREE_OFFERINGS: ReadonlySet<string> = new Set(['zai glm-4.5-flash', 'zai glm-4.7-flash'])
