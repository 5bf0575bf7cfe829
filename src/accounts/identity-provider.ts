/** Where people of this install may sign in, as its operator says. */
export interface IdentityProvider {
  /** In paths and in the store: `google`, `github`, or the operator's own name for it. */
  readonly name: string
  /** For people. */
  readonly label: string
  readonly kind: 'oidc' | 'github'
  /** The issuer; of GitHub, the address of the site. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** The provider's people cannot choose their addresses themselves, so that each is theirs though it does not say `email_verified`. */
  readonly trustsAddresses: boolean
}

type Env = Readonly<Record<string, string | undefined>>

const NAMED = /^SWITCHYARD_OIDC_([A-Z0-9]+(?:_[A-Z0-9]+)*?)_(ISSUER|CLIENT_ID|CLIENT_SECRET|LABEL|TRUST_EMAIL)$/
const NAME_CHARS_MAX = 40

/** All that the environment names: Google and GitHub by their own variables, any other by `SWITCHYARD_OIDC_<NAME>_…`. Throws what `wrong` makes of what is to be changed. */
export function readIdentityProviders(env: Env, wrong: (message: string) => Error): readonly IdentityProvider[] {
  const names = new Set(Object.keys(env).flatMap((variable) => NAMED.exec(variable)?.[1] ?? []))
  return [
    ...known(env, 'GOOGLE', { name: 'google', label: 'Google', kind: 'oidc', url: env['GOOGLE_ISSUER'] || 'https://accounts.google.com' }, wrong),
    ...known(env, 'GITHUB', { name: 'github', label: 'GitHub', kind: 'github', url: env['GITHUB_URL'] || 'https://github.com' }, wrong),
    ...[...names].sort().flatMap((name) => other(env, name, wrong)),
  ]
}

function known(env: Env, prefix: string, provider: Pick<IdentityProvider, 'name' | 'label' | 'kind' | 'url'>, wrong: (message: string) => Error): IdentityProvider[] {
  const [clientId, clientSecret] = [env[`${prefix}_CLIENT_ID`], env[`${prefix}_CLIENT_SECRET`]]
  if (!clientId && !clientSecret) return []
  // Secrets: none is repeated.
  if (!clientId || !clientSecret) throw wrong(`${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET: one is nothing without the other`)
  return [{ ...provider, url: checkedUrl(provider.url, provider.kind === 'github' ? 'GITHUB_URL' : 'GOOGLE_ISSUER', wrong), clientId, clientSecret, trustsAddresses: false }]
}

function other(env: Env, name: string, wrong: (message: string) => Error): IdentityProvider[] {
  const prefix = `SWITCHYARD_OIDC_${name}`
  const say = (what: string) => env[`${prefix}_${what}`] || undefined
  const [issuer, clientId, clientSecret] = [say('ISSUER'), say('CLIENT_ID'), say('CLIENT_SECRET')]
  if (!issuer || !clientId || !clientSecret) throw wrong(`${prefix}_ISSUER, ${prefix}_CLIENT_ID and ${prefix}_CLIENT_SECRET: each is nothing without the others`)
  const slug = name.toLowerCase().replaceAll('_', '-')
  if (slug.length > NAME_CHARS_MAX || ['google', 'github'].includes(slug)) throw wrong(`${prefix}_ISSUER: another name than ${name}, of at most ${NAME_CHARS_MAX} letters and digits`)
  return [{ name: slug, label: say('LABEL') ?? name.charAt(0) + name.slice(1).toLowerCase().replaceAll('_', ' '), kind: 'oidc', url: checkedUrl(issuer, `${prefix}_ISSUER`, wrong), clientId, clientSecret, trustsAddresses: say('TRUST_EMAIL') === 'true' }]
}

/** Without a slash at its end. Plain http is for what runs beside us. */
function checkedUrl(text: string, variable: string, wrong: (message: string) => Error): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') throw wrong(`${variable}: must be an address as https://login.example.com, without a query`)
  return text.replace(/\/+$/, '')
}
