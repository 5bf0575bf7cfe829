import type { DialectName } from '../../core/call.ts'
import type { ProviderRow } from '../rows.ts'
import { ACCESS, LEFT_OUT } from './access.ts'
import type { FeedProvider } from './feed.ts'

/** Dialects by the client package that the feed names. */
const DIALECT_OF: Readonly<Record<string, DialectName>> = { '@ai-sdk/anthropic': 'anthropic-messages', '@ai-sdk/google': 'gemini', '@ai-sdk/openai': 'openai-responses' }

/** The row of a provider; undefined for one that is left out or whose address nobody knows. */
export function providerRow(provider: FeedProvider): ProviderRow | undefined {
  const access = ACCESS[provider.slug] ?? {}
  const url = access.url ?? provider.url
  if (LEFT_OUT.has(provider.slug) || url === undefined) return undefined
  const dialect = access.dialect ?? (access.url === undefined ? DIALECT_OF[provider.npm ?? ''] : undefined) ?? 'openai-chat'
  const quirks = access.quirks ?? (dialect === 'openai-chat' ? defaultQuirks(provider) : [])
  return {
    slug: provider.slug, name: provider.name, dialect, env: provider.env.filter((name) => !url.includes(`\${${name}}`)),
    ...(provider.docs !== undefined && { docs: provider.docs }), ...access, url: url.replace(/\/+$/, ''), ...(quirks.length > 0 && { quirks }),
  }
}

/** An OpenAI-compatible server knows `system` for certain; where the feed says that reasoning goes back as reasoning_content, so it does. */
function defaultQuirks(provider: FeedProvider): string[] {
  const replays = [...provider.offerings.values()].some((offering) => offering.replay === 'reasoning_content')
  return [...(replays ? ['reasoning_content'] : []), 'no_developer_role']
}
