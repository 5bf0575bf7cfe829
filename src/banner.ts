import { textModelCount } from './catalog/count.ts'
import type { Snapshot } from './catalog/endpoint.ts'

export interface BannerFacts {
  readonly host: string
  readonly port: number
  readonly snapshot: Snapshot
  /** The key that a first start made, shown this once; undefined later, and where the operator brought one. */
  readonly firstKey: string | undefined
  /** How browsers call the server, where the operator says so. */
  readonly publicUrl: string | undefined
  /** Nobody runs the install yet: the first person to sign up will. */
  readonly wantsOperator: boolean
  readonly color: boolean
}

/** What `serve` says once it listens. The first line is for scripts, the rest for people. */
export function banner(facts: BannerFacts): string {
  const heard = `http://${facts.host.includes(':') ? `[${facts.host}]` : facts.host}:${facts.port}`
  const url = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(facts.host) ? `http://localhost:${facts.port}` : heard
  const ready = [...facts.snapshot.providers.values()].filter((provider) => provider.notReady === undefined)
  const lines = [`listening on ${heard}`]
  const bold = (text: string) => (facts.color ? `\u001b[1m${text}\u001b[0m` : text)
  lines.push('', `  ${bold('Switchyard')}  ${url}/api/v1`, `  models      ${textModelCount(facts.snapshot)} that write text (GET /models has them, and the routers), ${facts.snapshot.models.size} in all; ready now: ${ready.map((provider) => provider.name).join(', ')}`)
  const key = facts.firstKey ?? '$SWITCHYARD_KEY'
  if (facts.firstKey !== undefined) lines.push(`  key         ${bold(facts.firstKey)}`, '              shown this once; more with `npx switchyard keys create`')
  const site = facts.publicUrl ?? url
  if (facts.wantsOperator) lines.push(`  sign up     ${bold(`${site}/sign-up`)}`, '              the first person runs this install: the code or link that they need appears here below')
  else lines.push(`  sign in     ${site}`)
  lines.push('', '  Try it:', '', ...(facts.firstKey !== undefined ? [] : ['  export SWITCHYARD_KEY=sk-sw-v1-…   # a key of yours, if it is not set yet; a new one: npx switchyard keys create']), `  curl ${url}/api/v1/chat/completions -H "Authorization: Bearer ${key}" \\`, `    -H "Content-Type: application/json" \\`,
    `    -d '{"model":"demo/writer","stream":true,"messages":[{"role":"user","content":"Hello!"}]}'`, '')
  return `${lines.join('\n')}\n`
}
