/**
 * Spellings that no rule gets right → our id, by `author/key` (see `keyOf`). Each was looked up: a host's own name, a
 * maker's dated name of what OpenRouter's clients call otherwise, or a pointer.
 */
export const SYNONYMS: Readonly<Record<string, string>> = {
  'anthropic/claudesonnet40': 'anthropic/claude-sonnet-4', 'anthropic/claudeopus40': 'anthropic/claude-opus-4',
  'anthropic/claudehaiku30': 'anthropic/claude-3-haiku', 'anthropic/claudesonnet45latest': 'anthropic/claude-sonnet-4.5',
  'anthropic/claudesonnet35june': 'anthropic/claude-3.5-sonnet-20240620', 'anthropic/claudesonnet35v2': 'anthropic/claude-3.5-sonnet', 'anthropic/claudehaiku35latest': 'anthropic/claude-3.5-haiku',
  'deepseek/deepseekv32251201': 'deepseek/deepseek-v3.2',
  'meta-llama/llama3370bversatile': 'meta-llama/llama-3.3-70b-instruct', 'meta-llama/llama318binstant': 'meta-llama/llama-3.1-8b-instruct',
  'meta-llama/llama3170bversatile': 'meta-llama/llama-3.1-70b-instruct', 'meta-llama/llama318b': 'meta-llama/llama-3.1-8b-instruct',
  'meta-llama/llama3170b': 'meta-llama/llama-3.1-70b-instruct', 'meta-llama/llama3370b': 'meta-llama/llama-3.3-70b-instruct',
  'meta-llama/llama3211b': 'meta-llama/llama-3.2-11b-vision-instruct', 'meta-llama/llama3290b': 'meta-llama/llama-3.2-90b-vision-instruct',
  'meta-llama/llama4maverick17b128einstruct': 'meta-llama/llama-4-maverick', 'meta-llama/llama4maverick17binstruct': 'meta-llama/llama-4-maverick',
  'meta-llama/llama4maverick17b128e': 'meta-llama/llama-4-maverick', 'meta-llama/llama4scout17b16einstruct': 'meta-llama/llama-4-scout',
  'meta-llama/llama4scout17binstruct': 'meta-llama/llama-4-scout', 'meta-llama/llama4scout17b16e': 'meta-llama/llama-4-scout',
  'deepseek/deepseekv30324': 'deepseek/deepseek-chat-v3-0324', 'deepseek/deepseekv31': 'deepseek/deepseek-chat-v3.1', 'deepseek/r1': 'deepseek/deepseek-r1',
  'deepseek/v3': 'deepseek/deepseek-chat-v3.1', 'deepseek/v32': 'deepseek/deepseek-v3.2', 'deepseek/r10528': 'deepseek/deepseek-r1-0528',
  'openai/gpt5chatlatest': 'openai/gpt-5-chat', 'openai/gpt51chatlatest': 'openai/gpt-5.1-chat', 'openai/gpt52chatlatest': 'openai/gpt-5.2-chat', 'openai/gpt53chatlatest': 'openai/gpt-5.3-chat',
  'mistralai/mistrallarge3675binstruct': 'mistralai/mistral-large-2512', 'mistralai/mistrallarge3': 'mistralai/mistral-large-2512',
  'mistralai/mistralmedium2505': 'mistralai/mistral-medium-3', 'mistralai/mistralmedium2508': 'mistralai/mistral-medium-3.1', 'mistralai/mistralmedium2604': 'mistralai/mistral-medium-3-5',
  'mistralai/mistralmedium35128b': 'mistralai/mistral-medium-3-5', 'mistralai/mistralsmall2506': 'mistralai/mistral-small-3.2-24b-instruct', 'mistralai/mistralsmall3224binstruct2506': 'mistralai/mistral-small-3.2-24b-instruct',
  'mistralai/mistralsmall2503': 'mistralai/mistral-small-3.1-24b-instruct', 'mistralai/mistralsmall3124binstruct2503': 'mistralai/mistral-small-3.1-24b-instruct',
  'mistralai/mistralsmall2501': 'mistralai/mistral-small-24b-instruct-2501', 'mistralai/devstral2123b': 'mistralai/devstral-2512', 'mistralai/devstral2': 'mistralai/devstral-2512',
  'mistralai/devstral2123binstruct2512': 'mistralai/devstral-2512', 'mistralai/devstral2123b2512': 'mistralai/devstral-2512',
  'mistralai/ministral314binstruct': 'mistralai/ministral-14b-2512', 'mistralai/ministral38binstruct': 'mistralai/ministral-8b-2512', 'mistralai/ministral33binstruct': 'mistralai/ministral-3b-2512',
  'mistralai/ministral314binstruct2512': 'mistralai/ministral-14b-2512', 'mistralai/ministral38binstruct2512': 'mistralai/ministral-8b-2512', 'mistralai/ministral33binstruct2512': 'mistralai/ministral-3b-2512',
  'mistralai/mistralnemoinstruct2407': 'mistralai/mistral-nemo', 'mistralai/openmistralnemo': 'mistralai/mistral-nemo', 'mistralai/openmixtral8x22b': 'mistralai/mixtral-8x22b-instruct',
  'mistralai/mixtral8x22binstructv01': 'mistralai/mixtral-8x22b-instruct', 'mistralai/mixtral8x7binstructv01': 'mistralai/mixtral-8x7b-instruct', 'mistralai/openmixtral8x7b': 'mistralai/mixtral-8x7b-instruct',
  'moonshotai/kimik20711': 'moonshotai/kimi-k2', 'moonshotai/kimik20711preview': 'moonshotai/kimi-k2', 'moonshotai/kimik2instruct': 'moonshotai/kimi-k2', 'moonshotai/kimik2instruct0711': 'moonshotai/kimi-k2',
  'moonshotai/kimik20905preview': 'moonshotai/kimi-k2-0905', 'moonshotai/kimik2instruct0905': 'moonshotai/kimi-k2-0905',
  'qwen/qwen3coder480ba35binstruct': 'qwen/qwen3-coder', 'qwen/qwen3coder480ba35b': 'qwen/qwen3-coder', 'qwen/qwen3coder480b': 'qwen/qwen3-coder', 'qwen/qwen3coder30ba3b': 'qwen/qwen3-coder-30b-a3b-instruct',
  'qwen/qwen3235ba22binstruct2507': 'qwen/qwen3-235b-a22b-2507', 'qwen/qwen3235b2507': 'qwen/qwen3-235b-a22b-2507', 'qwen/qwen3235binstruct2507': 'qwen/qwen3-235b-a22b-2507',
  'qwen/qwen3235b': 'qwen/qwen3-235b-a22b', 'qwen/qwen330b': 'qwen/qwen3-30b-a3b', 'qwen/qwen3next80ba3b': 'qwen/qwen3-next-80b-a3b-instruct', 'qwen/qwen3next80b': 'qwen/qwen3-next-80b-a3b-instruct',
  'qwen/qwen3vl235ba22b': 'qwen/qwen3-vl-235b-a22b-instruct', 'qwen/qwen25vl72binstruct': 'qwen/qwen2.5-vl-72b-instruct',
  'google/gemini3flash': 'google/gemini-3-flash-preview', 'google/gemini3pro': 'google/gemini-3-pro-preview', 'google/gemini31pro': 'google/gemini-3.1-pro-preview',
  'nvidia/nemotronsuper3120b': 'nvidia/nemotron-3-super-120b-a12b', 'nvidia/nemotronnano330b': 'nvidia/nemotron-3-nano-30b-a3b', 'nvidia/nemotron3super': 'nvidia/nemotron-3-super-120b-a12b',
  'nvidia/nemotron3ultra': 'nvidia/nemotron-3-ultra-550b-a55b', 'nvidia/nvidianemotron3super120ba12b': 'nvidia/nemotron-3-super-120b-a12b', 'nvidia/nvidianemotron3nano30ba3b': 'nvidia/nemotron-3-nano-30b-a3b',
  'nvidia/nvidianemotronnano9bv2': 'nvidia/nemotron-nano-9b-v2', 'nvidia/nvidianemotronnano12bv2': 'nvidia/nemotron-nano-12b-v2-vl',
  'cohere/commanda032025': 'cohere/command-a', 'cohere/northminicode10': 'cohere/north-mini-code', 'cohere/commanda': 'cohere/command-a',
  'amazon/nova2litev1': 'amazon/nova-2-lite-v1', 'amazon/nova2lite': 'amazon/nova-2-lite-v1', 'amazon/novapro': 'amazon/nova-pro-v1', 'amazon/novalite': 'amazon/nova-lite-v1', 'amazon/novamicro': 'amazon/nova-micro-v1', 'amazon/novapremier': 'amazon/nova-premier-v1',
  'mistralai/mistrallarge3675binstruct2512': 'mistralai/mistral-large-2512', 'mistralai/mistralnemo12binstruct': 'mistralai/mistral-nemo', 'mistralai/mistrallargeinstruct2411': 'mistralai/mistral-large-2411',
  'mistralai/mistralsmall4119b': 'mistralai/mistral-small-2603', 'mistralai/mistralsmall4119b2603': 'mistralai/mistral-small-2603', 'mistralai/ministral14binstruct2512': 'mistralai/ministral-14b-2512',
  'x-ai/grok40709': 'x-ai/grok-4', 'google/gemini30flashpreview': 'google/gemini-3-flash-preview', 'google/gemini30propreview': 'google/gemini-3-pro-preview',
  'deepseek/deepseek32': 'deepseek/deepseek-v3.2', 'deepseek/deepseek4flash': 'deepseek/deepseek-v4-flash',
  'z-ai/glm46vflash': 'z-ai/glm-4.6v-flash', 'x-ai/grok4200309reasoning': 'x-ai/grok-4.20', 'x-ai/grok420reasoning': 'x-ai/grok-4.20', 'x-ai/grok420multiagent0309': 'x-ai/grok-4.20-multi-agent',
}

/** One provider's use of a name that means another model elsewhere: `provider upstream` → our id. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  // OpenRouter and those who mirror it kept the name for DeepSeek V3; at DeepSeek it has always pointed to the newest.
  'openrouter deepseek/deepseek-chat': 'deepseek/deepseek-v3', 'kilo deepseek/deepseek-chat': 'deepseek/deepseek-v3',
  // A pointer of Kimi's subscription, which does not say to which version.
  'kimi-for-coding k2p5': 'moonshotai/kimi-k2.5', 'kimi-for-coding k2p6': 'moonshotai/kimi-k2.6', 'kimi-for-coding k2p7': 'moonshotai/kimi-k2.7-code',
}
