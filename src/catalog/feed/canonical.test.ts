import { describe, expect, test } from 'bun:test'
import { cleanId, keyOf } from './canonical.ts'

describe('cleanId', () => {
  test.each([
    ['amazon-bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', { author: 'anthropic', key: 'claudesonnet45', date: '20250929', variant: 'us' }],
    ['amazon-bedrock', 'anthropic.claude-opus-4-6-v1', { author: 'anthropic', key: 'claudeopus46' }],
    ['amazon-bedrock', 'openai.gpt-oss-120b-1:0', { author: 'openai', key: 'gptoss120b' }],
    ['amazon-bedrock', 'zai.glm-4.7', { author: 'z-ai', slug: 'glm-4.7' }],
    ['amazon-bedrock', 'us.meta.llama4-scout-17b-instruct-v1:0', { author: 'meta-llama', variant: 'us' }],
    ['google-vertex', 'claude-sonnet-4-5@20250929', { author: 'anthropic', key: 'claudesonnet45', date: '20250929' }],
    ['google-vertex', 'claude-opus-4-6@default', { author: 'anthropic', key: 'claudeopus46' }],
    ['google-vertex', 'zai-org/glm-5-maas', { author: 'z-ai', slug: 'glm-5' }],
    ['anthropic', 'claude-3-5-haiku-20241022', { author: 'anthropic', key: 'claudehaiku35', date: '20241022' }],
    ['openrouter', 'anthropic/claude-3.5-haiku', { author: 'anthropic', key: 'claudehaiku35' }],
    ['fireworks-ai', 'accounts/fireworks/models/kimi-k2p6', { author: 'moonshotai', slug: 'kimi-k2.6' }],
    ['fireworks-ai', 'accounts/fireworks/routers/glm-5p1-fast', { author: 'z-ai', slug: 'glm-5.1', variant: 'fast' }],
    ['deepinfra', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', { author: 'meta-llama', slug: 'llama-3.3-70b-instruct', variant: 'turbo' }],
    ['togetherai', 'Qwen/Qwen3-Coder-480B-A35B-Instruct-FP8', { author: 'qwen', quantization: 'fp8' }],
    ['chutes', 'moonshotai/Kimi-K2.5-TEE', { author: 'moonshotai', slug: 'kimi-k2.5', variant: 'tee' }],
    ['cloudflare-workers-ai', '@cf/meta/llama-3.1-8b-instruct', { author: 'meta-llama', slug: 'llama-3.1-8b-instruct' }],
    ['synthetic', 'hf:zai-org/GLM-5.2', { author: 'z-ai', slug: 'glm-5.2' }],
    ['openrouter', 'qwen/qwen3-coder:free', { author: 'qwen', slug: 'qwen3-coder', isFree: true }],
    ['openrouter', 'qwen/qwen-plus-2025-07-28:thinking', { slug: 'qwen-plus', date: '20250728', suffix: 'thinking' }],
    ['cerebras', 'zai-glm-4.7', { author: 'z-ai', slug: 'glm-4.7' }],
    ['digitalocean', 'openai-gpt-oss-20b', { author: 'openai', slug: 'gpt-oss-20b' }],
    ['kilo', 'stealth/claude-sonnet-4.6', { author: 'stealth' }],
    ['nvidia', 'nvidia/llama-3.3-nemotron-super-49b-v1.5', { author: 'nvidia', slug: 'llama-3.3-nemotron-super-49b-v1.5' }],
  ])('%s %s', (provider, upstream, expected) => {
    expect(cleanId(provider, upstream)).toMatchObject(expected)
  })

  test('a tier is no part of a name only where no maker has such names', () => {
    expect(cleanId('openai', 'gpt-3.5-turbo')).toMatchObject({ slug: 'gpt-3.5-turbo' })
    expect(cleanId('zai', 'glm-5-turbo')).toMatchObject({ slug: 'glm-5-turbo' })
    expect(cleanId('xai', 'grok-4-fast')).toMatchObject({ slug: 'grok-4-fast' })
  })

  test('a mode of thinking is told from a model that thinks', () => {
    for (const name of ['claude-opus-4-6-think', 'claude-opus-4-6-thinking', 'anthropic/claude-opus-4.6:thinking']) expect(cleanId('x', name)).toMatchObject({ key: 'claudeopus46', suffix: 'thinking' })
    expect(cleanId('nano-gpt', 'claude-opus-4-1-thinking:8192')).toMatchObject({ key: 'claudeopus41', suffix: 'thinking', variant: '8192' })
    expect(cleanId('302ai', 'claude-sonnet-4-5-20250929-thinking')).toMatchObject({ key: 'claudesonnet45', suffix: 'thinking', date: '20250929' })
    for (const name of ['kimi-k2-thinking', 'qwen3-next-80b-a3b-thinking', 'gemini-2.5-flash-nothinking', 'glm-4.1v-thinking-flash', 'gemini-2.0-flash-thinking-exp-1219']) expect(cleanId('x', name).suffix).toBeUndefined()
  })

  test('short dates are versions', () => {
    expect(cleanId('x', 'qwen3-235b-a22b-thinking-2507').date).toBeUndefined()
    expect(cleanId('x', 'deepseek-r1-0528').slug).toBe('deepseek-r1-0528')
  })
})

test('keyOf: one key for the spellings of a name', () => {
  expect(new Set(['claude-sonnet-4.5', 'Claude-4-5-Sonnet', 'claude_4.5_sonnet', 'claude-sonnet-4-5'].map(keyOf))).toEqual(new Set(['claudesonnet45']))
  expect(keyOf('qwen-2.5-72b-instruct')).toBe(keyOf('qwen2-5-72b-instruct'))
  expect(keyOf('claude-opus-4.1')).not.toBe(keyOf('claude-opus-4'))
})
