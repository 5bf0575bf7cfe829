import type { Model } from '../../catalog/endpoint.ts'

interface Links {
  /** Scheme, host and port that the client used. */
  readonly origin: string
  /** Lead to a chat with the model instead of its record. */
  readonly chatLinks: boolean
}

/** Models as an RSS 2.0 feed. Readers tell entries apart by `guid`, which is the id that never moves. */
export function modelFeed(models: readonly Model[], links: Links): string {
  const items = models.map((model) => [
    '<item>',
    `<title>${escape(model.name)}</title>`,
    `<link>${escape(linkOf(model, links))}</link>`,
    `<guid isPermaLink="false">${escape(model.canonicalSlug)}</guid>`,
    `<pubDate>${new Date(model.created * 1000).toUTCString()}</pubDate>`,
    `<description>${escape(model.description)}</description>`,
    '</item>',
  ].join(''))
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<rss version="2.0"><channel>',
    '<title>Switchyard models</title>',
    `<link>${escape(links.origin)}/api/v1/models</link>`,
    '<description>The models of this gateway, newest first.</description>',
    ...items,
    '</channel></rss>',
  ].join('\n')
}

function linkOf(model: Model, { origin, chatLinks }: Links): string {
  return chatLinks ? `${origin}/chat?models=${encodeURIComponent(model.id)}` : `${origin}/api/v1/model/${model.id}`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** XML 1.0 has no way at all to say most control characters, so they go. */
function escape(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char)
}
