import { providerSlug } from './names.ts'

/** The providers that the contract takes keys for, by its slugs. */
const BYOK_PROVIDERS: readonly string[] = [
  'ai21', 'aion-labs', 'akashml', 'alibaba', 'amazon-bedrock', 'amazon-nova', 'ambient', 'anthropic', 'arcee-ai', 'atlas-cloud', 'avian', 'azure',
  'baidu', 'baseten', 'black-forest-labs', 'byteplus', 'cerebras', 'chutes', 'cirrascale', 'clarifai', 'cloudflare', 'cohere', 'coreweave', 'crusoe',
  'darkbloom', 'databricks', 'decart', 'deepgram', 'deepinfra', 'deepseek', 'dekallm', 'digitalocean', 'featherless', 'fireworks', 'fish-audio',
  'friendli', 'gmicloud', 'google-ai-studio', 'google-vertex', 'groq', 'heygen', 'inception', 'inceptron', 'inferact-vllm', 'inference-net',
  'infermatic', 'inflection', 'io-net', 'ionstream', 'krea', 'liquid', 'makora', 'mancer', 'mara', 'meta', 'minimax', 'mistral', 'modal', 'modelrun',
  'modular', 'moonshotai', 'morph', 'ncompass', 'nebius', 'nex-agi', 'nextbit', 'novita', 'nvidia', 'open-inference', 'openai', 'parasail',
  'perceptron', 'perplexity', 'phala', 'poolside', 'quiver', 'recraft', 'reka', 'relace', 'runway', 'sail-research', 'sakana', 'sakana-ai',
  'sambanova', 'seed', 'siliconflow', 'sourceful', 'stepfun', 'streamlake', 'switchpoint', 'tencent', 'tenstorrent', 'thinkingmachines', 'together',
  'upstage', 'venice', 'wafer', 'wandb', 'wandb-legacy', 'xai', 'xiaomi', 'z-ai',
]

/** How a provider is written where keys of its own are listed: by the contract's slug, or by ours where the contract has none. */
export function byokProvider(name: string): string {
  const slug = providerSlug(name)
  const given = name.trim().toLowerCase()
  return BYOK_PROVIDERS.includes(given) ? given : BYOK_PROVIDERS.find((known) => providerSlug(known) === slug) ?? slug
}

/** True for a provider of the contract's, whether its models are here or not. */
export function isByokProvider(name: string): boolean {
  return BYOK_PROVIDERS.includes(byokProvider(name))
}
