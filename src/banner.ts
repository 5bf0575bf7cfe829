import type { Snapshot } from './catalog/endpoint.ts'

export interface BannerFacts {
  readonly host: string
  readonly port: number
  readonly snapshot: Snapshot
  /** The key of a first start, shown this once; undefined later, and in workers. */
  readonly first: { readonly secret: string; readonly isNew: boolean } | undefined
  readonly color: boolean
}

/** What `serve` says once it listens. The first line is for scripts, the rest for people. */
export function banner(facts: BannerFacts): string {
  const heard = `http://${facts.host.includes(':') ? `[${facts.host}]` : facts.host}:${facts.port}`
  const url = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(facts.host) ? `http://localhost:${facts.port}` : heard
  const ready = [...facts.snapshot.providers.values()].filter((provider) => provider.notReady === undefined)
  const lines = [`listening on ${heard}`]
  if (facts.first === undefined) return `${lines.join('\n')}\n`
  const bold = (text: string) => (facts.color ? `\u001b[1m${text}\u001b[0m` : text)
  lines.push('', `  ${bold('Switchyard')}  ${url}/api/v1`, `  models      ${facts.snapshot.models.size} known; ready now: ${ready.map((provider) => provider.name).join(', ')}`)
  const key = facts.first.isNew ? facts.first.secret : '$SWITCHYARD_KEY'
  if (facts.first.isNew) lines.push(`  key         ${bold(facts.first.secret)}`, '              shown this once; more with `npx switchyard keys create`')
  lines.push('', '  Try it:', '', `  curl ${url}/api/v1/chat/completions -H "Authorization: Bearer ${key}" \\`, `    -H "Content-Type: application/json" \\`,
    `    -d '{"model":"demo/writer","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'`, '')
  return `${lines.join('\n')}\n`
}
