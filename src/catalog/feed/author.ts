/** Spellings of authors in other catalogues → ours. */
const ALIASES: Readonly<Record<string, string>> = {
  'deepseek-ai': 'deepseek', 'zai-org': 'z-ai', zai: 'z-ai', zhipuai: 'z-ai', thudm: 'z-ai', xai: 'x-ai', grok: 'x-ai', meta: 'meta-llama', facebook: 'meta-llama',
  minimaxai: 'minimax', mistral: 'mistralai', 'mistral-ai': 'mistralai', moonshot: 'moonshotai', kimi: 'moonshotai', xiaomimimo: 'xiaomi', 'stepfun-ai': 'stepfun',
  liquidai: 'liquid', 'ai21-labs': 'ai21', kuaishou: 'kwaipilot', primeintellect: 'prime-intellect', bfl: 'black-forest-labs', sarvamai: 'sarvam', seed: 'bytedance-seed',
  ibm: 'ibm-granite', 'arcee': 'arcee-ai', paddlepaddle: 'baidu', volcengine: 'bytedance-seed', stability: 'stabilityai', aws: 'amazon', inceptionlabs: 'inception', wanx: 'alibaba', qwenlm: 'qwen', qwencoder: 'qwen',
}

/** Segments of ids that name a host or a plan, not who made the model. */
const HOSTS: ReadonlySet<string> = new Set([
  'novita', 'cerebras', 'groq', 'siliconflow', 'tee', 'route', 'public', 'models', 'routers', 'accounts', 'fireworks', 'fireworks-ai', 'workers-ai', '@cf', 'cf',
  'unsloth', 'neuralmagic', 'cortecs', 'baseten', 'chutesai', 'empiriolabs', 'nanogpt', 'pro', 'lora', 'hf', 'intel', 'routing', 'openpipe', 'anthropic-vertex', 'fal-ai', 'azure',
  'chat-completion', 'completion', 'main', 'afm', 'deepseek-ocr', 'text-generation', 'openai-compatible',
])

/** What a slug begins with, and who makes it. The first that fits counts. */
const MAKERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:nvidia-)?(?:llama-?[\d.-]*-)?nemotron|^openreasoning-nemotron/, 'nvidia'],
  [/^claude/, 'anthropic'], [/^(?:chatgpt|gpt|o[134](?:-|$)|codex-mini|codex$|dall-e|sora|whisper|text-embedding-(?:3|ada)|tts-1|computer-use)/, 'openai'],
  [/^(?:gemini|gemma|imagen|veo|learnlm|lyria|medgemma)/, 'google'], [/^(?:meta-)?llama/, 'meta-llama'], [/^(?:qwen|qwq|qvq|tongyi-qwen)/, 'qwen'], [/^(?:wan-?[v\d]|tongyi)/, 'alibaba'],
  [/^deepseek/, 'deepseek'], [/^(?:open-)?(?:labs-)?(?:mistral|mixtral|codestral|devstral|magistral|ministral|pixtral|voxtral)/, 'mistralai'],
  [/^grok/, 'x-ai'], [/^(?:kimi|moonshot)/, 'moonshotai'], [/^(?:glm|chatglm|cogview)/, 'z-ai'], [/^(?:minimax|hailuo)/, 'minimax'],
  [/^(?:phi-|phi\d|wizardlm|mai-)/, 'microsoft'], [/^(?:command|c4ai|north-)/, 'cohere'], [/^ernie/, 'baidu'], [/^step-/, 'stepfun'], [/^(?:hunyuan|hy3)/, 'tencent'],
  [/^(?:doubao|seed-)/, 'bytedance-seed'], [/^(?:seedream|seedance|seededit)/, 'bytedance'], [/^mimo/, 'xiaomi'], [/^granite/, 'ibm-granite'], [/^(?:ai21-)?jamba/, 'ai21'],
  [/^sonar/, 'perplexity'], [/^(?:nova-(?:2|lite|micro|pro|premier)|titan)/, 'amazon'], [/^longcat/, 'meituan'], [/^(?:ling|ring)-/, 'inclusionai'], [/^kat-coder/, 'kwaipilot'],
  [/^palmyra/, 'writer'], [/^hermes/, 'nousresearch'], [/^solar-/, 'upstage'], [/^olmo/, 'allenai'], [/^mercury/, 'inception'], [/^cogito/, 'deepcogito'], [/^trinity/, 'arcee-ai'],
  [/^intellect-/, 'prime-intellect'], [/^morph-v/, 'morph'], [/^fugu/, 'sakana'], [/^rnj/, 'essentialai'], [/^jais/, 'core42'], [/^lfm/, 'liquid'], [/^flux/, 'black-forest-labs'],
  [/^stable-diffusion/, 'stabilityai'], [/^yi-/, '01-ai'], [/^baichuan/, 'baichuan'], [/^reka-/, 'rekaai'], [/^kling/, 'klingai'], [/^bge-/, 'baai'], [/^(?:multilingual-)?e5-/, 'intfloat'], [/^(?:all-mini|multi-qa-)/, 'sentence-transformers'], [/^bielik/, 'speakleash'], [/^sarvam/, 'sarvam'],
]

/** Words that hosts put before a slug; taken off when a known maker's slug follows. */
const PREFIXES = /^(?:databricks|snowflake|azure|alicloud|alibaba|deep|coding|duo-chat|xiaomi|z-ai|zai(?:-org)?|cohere|openai|anthropic|moonshot|moonshotai|nvidia|meta|amazon|arcee|google|mistral|qwen|minimax|x-ai|xai|aion-labs|deepseek-ai|groq|cerebras|stepfun|baidu|tencent|bytedance)-(?=.)/

/** Who makes the model of this slug, undefined when its name does not tell. */
export function makerOf(slug: string): string | undefined {
  return MAKERS.find(([pattern]) => pattern.test(slug))?.[1]
}

/** The slug without words that its host put before it. */
export function withoutHostPrefix(slug: string): string {
  const rest = slug.replace(PREFIXES, '')
  return rest !== slug && makerOf(rest) !== undefined && !/^nvidia-(?:llama|mistral)/.test(slug) ? rest : slug
}

/** Our name of an author segment; undefined for a segment that names no author. */
export function authorOf(segment: string, slug: string): string | undefined {
  const name = segment.replace(/^hf:/, '')
  if (HOSTS.has(name) || name.startsWith('~')) return undefined
  if (name === 'alibaba' || name === 'bytedance' || name === 'zhipu') return makerOf(slug) ?? name
  return ALIASES[name] ?? name
}
