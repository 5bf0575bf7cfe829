import { authorOf, makerOf, withoutHostPrefix } from './author.ts'

/** An upstream id, taken apart. */
export interface CleanId {
  readonly author?: string
  /** The author does not stand in the id: the slug tells. */
  readonly isGuessed: boolean
  /** Lower case, without author, region, date, quantization and tier. */
  readonly slug: string
  /** The slug as it is compared: letters and digits only, one order of words. */
  readonly key: string
  /** `20250929` */
  readonly date?: string
  /** Region or speed tier of this provider: the endpoint's variant. */
  readonly variant?: string
  readonly quantization?: string
  readonly isFree: boolean
  /** A suffix that makes it a model of its own: `thinking`. */
  readonly suffix?: string
}

const REGION = /^(us-gov|us|eu|apac|jp|au|ca|global)\.(?=[a-z0-9]+\.)/
const QUANTIZATION = /-(fp8|fp4|nvfp4|mxfp4|bf16|fp16|int4|int8|awq|w8a8)(?:-dynamic|-mixed-ar)?$/
/** Speeds that hosts sell the same weights at. Only behind `instruct`, where no maker's own name has such a word, and at routers. */
const TIER = /(?<=-instruct(?:-2507)?)-(turbo|tput|lite|fast)$/

/** Resellers that put before a name whose capacity or plan it is: the same model at another price. */
const RESOLD: Readonly<Record<string, RegExp>> = {
  aihubmix: /^(coding|alicloud|deep)-(?=[a-z])/, 'nano-gpt': /^(azure)-(?=[a-z])/, 'alibaba-cn': /^(siliconflow|kimi)\//, 'siliconflow-cn': /^(pro)\//, llama: /^(cerebras|groq)-/,
}

/**
 * Models that think when they are told to: resellers sell that mode under a name of its own, with its budget behind it.
 * Others (`qwen3-…-thinking-2507`, `kimi-k2-thinking`) are other weights, and stay models of their own.
 */
const THINKING_MODE = /(?<=(?:^|\/)(?:claude-|deepseek-v3[.-][12]|gemini-(?:2[.-]5|3)|glm-(?:4[.-][5-9]|5)|kimi-k2[.-]5)[^/]*)-think(?:ing)?(?:[-:](\d+))?$/

/** Takes an upstream id apart. Pure in its spelling: which model it is, is decided by whoever knows them all (`models.ts`). */
export function cleanId(provider: string, upstream: string): CleanId {
  let text = upstream.toLowerCase().trim()
  const marks: { variant?: string; quantization?: string; suffix?: string; isFree: boolean } = { isFree: false }
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(text)
    if (!match) return undefined
    text = text.slice(0, match.index) + text.slice(match.index + match[0].length)
    return match[1] ?? ''
  }
  if (provider === 'amazon-bedrock') {
    const region = take(REGION)
    if (region !== undefined) marks.variant = region
    text = text.replace(/-v\d+(?::\d+)?$|-\d:\d$/, '').replace('.', '/')
  }
  if (provider === 'fireworks-ai') {
    text = text.replace(/(\d)p(\d)/g, '$1.$2')
    const tier = text.includes('/routers/') ? take(/-(fast|turbo)$/) : undefined
    if (tier !== undefined) marks.variant = tier
  }
  const resold = RESOLD[provider]
  if (resold) {
    const from = take(resold)
    if (from !== undefined) marks.variant = from
  }
  text = text.replace(/-fp8-fast$/, '-fp8').replace(/@default$/, '').replace(/@(\d{8})$/, '-$1').replace(/-maas$/, '')
  if (take(/(?::|-)(free)$/) !== undefined) marks.isFree = true
  const suffix = take(/:(thinking)(?=:|$)/)
  if (suffix !== undefined) marks.suffix = suffix
  const budget = take(THINKING_MODE)
  if (budget !== undefined) marks.suffix = 'thinking'
  if (budget) marks.variant = budget
  if (take(/^(?:tee)\/|-(tee)$/) !== undefined) marks.variant = 'tee'
  for (let quantization = take(QUANTIZATION); quantization !== undefined; quantization = take(QUANTIZATION)) marks.quantization = quantization
  const tier = take(TIER)
  if (tier !== undefined) marks.variant = tier
  const { author, isGuessed, slug: dated } = splitAuthor(text)
  const { slug, date } = withoutDate(dated)
  return { ...(author !== undefined && { author }), isGuessed, slug, key: keyOf(slug), ...(date !== undefined && { date }), ...marks }
}

/** A slug as it is compared: `Claude-4-5-Sonnet`, `claude-sonnet-4.5` and `claude_sonnet_4_5` are one. */
export function keyOf(slug: string): string {
  const words = slug.toLowerCase().split(/[^a-z0-9.]+/).filter((word) => word !== '')
  if (words[0] === 'claude') {
    // Anthropic put the number first until version 3.7 and last since; other catalogues mix both.
    const kind = words.find((word) => /^(?:opus|sonnet|haiku|instant|fable)$/.test(word))
    if (kind !== undefined) return ['claude', kind, ...words.slice(1).filter((word) => word !== kind)].join('').replaceAll('.', '')
  }
  return words.join('').replaceAll('.', '')
}

function splitAuthor(text: string): { author?: string; isGuessed: boolean; slug: string } {
  const segments = text.split('/')
  const slug = withoutHostPrefix((segments.at(-1) ?? '').replace(/^hf:/, '').replaceAll('_', '-').replaceAll(':', '-'))
  const made = makerOf(slug)
  for (const segment of segments.slice(0, -1).reverse()) {
    const author = authorOf(segment, slug)
    if (author !== undefined) return { author, isGuessed: false, slug }
  }
  return { ...(made !== undefined && { author: made }), isGuessed: true, slug }
}

function withoutDate(slug: string): { slug: string; date?: string } {
  const match = /[-@](20\d{2})-?([01]\d)-?([0-3]\d)(?=-|$)/.exec(slug)
  if (!match) return { slug }
  return { slug: slug.slice(0, match.index) + slug.slice(match.index + match[0].length), date: `${match[1]}${match[2]}${match[3]}` }
}
