// Loaded when somebody first signs in: the library costs memory that a gateway for keys alone need not pay.
import { passkey } from '@better-auth/passkey'
import { queueAfterTransactionHook } from '@better-auth/core/context'
import type { BetterAuthOptions, BetterAuthPlugin } from 'better-auth'
import { APIError, isAPIError } from 'better-auth/api'
import { betterAuth } from 'better-auth/minimal'
import { magicLink } from 'better-auth/plugins/magic-link'
import { twoFactor } from 'better-auth/plugins/two-factor'
import type { Instance } from '../../accounts/instance.ts'
import type { LoadedSecret } from '../../accounts/sign-in-secret.ts'
import type { SignInStore } from '../../accounts/sign-in-store.ts'
import { FULL_NAME_CHARS_MAX, readName } from '../../accounts/people.ts'
import { readEmail } from '../../accounts/user.ts'
import { Fault } from '../../core/fault.ts'
import type { Clock } from '../../lib/clock.ts'
import { rowId } from '../../lib/id.ts'
import { storeAdapter } from './adapter.ts'
import { LIMITS, lettersTo } from './attempts.ts'
import type { Letters } from './letters.ts'
import { CLIENT_ADDRESS, COOKIE_PREFIX, PASSWORD_CHARS, SESSION_MS, SET_UP_CODE } from './names.ts'
import type { SetUp } from './set-up.ts'
import { externalSession } from './external-session.ts'
import type { Flows } from './flows.ts'
import { FINISH_PATH } from './identity.ts'
import { maySignUp, whyNotSignUp } from './sign-up.ts'

export interface AuthOptions {
  /** `https://gateway.example.com`, without a slash at its end. */
  readonly publicUrl: string
  readonly secret: LoadedSecret
  readonly store: SignInStore
  readonly instance: Pick<Instance, 'maySignUp' | 'settings'>
  readonly letters: Letters
  readonly setUp: Pick<SetUp, 'isAsked' | 'mayBeFirst'>
  readonly clock: Clock
  readonly ways: Ways
  readonly flows: Flows
  /** What the organization's single sign-on is called that people with this address have to use. */
  readonly mustUse: (email: string) => Promise<string | undefined>
  readonly onTrouble: (what: string, detail: string) => void
}

/** More ways to sign in than those that are here for everybody: providers of identity, plugins. Their models and fields stand in `sign-in-tables.ts`. */
export type Ways = Pick<BetterAuthOptions, 'plugins' | 'socialProviders'>

/** The library, as far as we use it. */
export interface Auth { readonly handler: (request: Request) => Promise<Response> }

const HOUR_MS = 3_600_000
const VERIFY_MS = 24 * HOUR_MS
const RESET_MS = HOUR_MS
const MAGIC_MS = 15 * 60_000
/** How long a code of an app may be taken for: its own half minute, and the ones before and after it. */
const CODE_MS = 90_000

/** Passwords: the parameters are OWASP's first choice for argon2id (19 MiB, 2 passes). */
const ARGON2 = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const

/** Puts the library together over our store. */
export function makeAuth(options: AuthOptions): Auth {
  const { publicUrl, secret, store, letters, clock, ways } = options
  const link = (path: string, token: string) => `${publicUrl}${path}?token=${encodeURIComponent(token)}`
  const inBackground = (task: Promise<unknown>) => { task.catch((error: unknown) => options.onTrouble('a letter could not be sent', String(error))) }
  const base: BetterAuthOptions = {
    appName: 'Switchyard', baseURL: publicUrl, basePath: '/api/auth', secrets: secret.all.map(({ value, version }) => ({ value, version })), secret: secret.all[0].value,
    trustedOrigins: [publicUrl], telemetry: { enabled: false },
    database: storeAdapter(store, () => clock.wallMs()),
    user: { additionalFields: { firstName: { type: 'string', required: false }, lastName: { type: 'string', required: false } } },
    session: {
      expiresIn: SESSION_MS.max / 1000, disableSessionRefresh: true, freshAge: 24 * HOUR_MS / 1000,
      additionalFields: { accountId: { type: 'string', required: false, input: false }, impersonatedBy: { type: 'string', required: false, input: false } },
    },
    account: { encryptOAuthTokens: true, accountLinking: { enabled: true, allowDifferentEmails: false } },
    verification: { storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true, requireEmailVerification: true, minPasswordLength: PASSWORD_CHARS.min, maxPasswordLength: PASSWORD_CHARS.max, revokeSessionsOnPasswordReset: true, resetPasswordTokenExpiresIn: RESET_MS / 1000,
      password: { hash: (password) => Bun.password.hash(password, ARGON2), verify: ({ hash, password }) => Bun.password.verify(password, hash) },
      sendResetPassword: async ({ user, token }) => { if (await mayBeWritten(options, user.id)) await letters.send({ purpose: 'reset', email: user.email, url: link('/reset-password', token), lastsMs: RESET_MS }) },
      // Who has set one with a link of a letter has shown that the address is theirs.
      onPasswordReset: async ({ user }) => { await store.updateSignIn({ model: 'user', where: [{ field: 'id', operator: 'eq', value: user.id, isOr: false }] }, { emailVerified: true }, clock.wallMs()) },
      onExistingUserSignUp: ({ user }) => letters.sendKnown(user.email, `${publicUrl}/sign-in`),
    },
    emailVerification: {
      sendOnSignUp: true, sendOnSignIn: true, autoSignInAfterVerification: true, expiresIn: VERIFY_MS / 1000,
      // After the person is there: a letter to nobody would lead nowhere. The answer does not wait for it.
      sendVerificationEmail: ({ user, token }) => queueAfterTransactionHook(async () => { inBackground(sendConfirmation(options, user, link('/verify-email', token))) }),
    },
    // What attempts.ts counts is not counted twice.
    rateLimit: { enabled: true, window: 60, max: 100, customStorage: limitsIn(store, clock), customRules: Object.fromEntries(Object.keys(LIMITS).map((path) => [path, false as const])) },
    advanced: {
      cookiePrefix: COOKIE_PREFIX, useSecureCookies: publicUrl.startsWith('https:'), defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [CLIENT_ADDRESS] },
      database: { generateId: ({ model }) => (model === 'user' ? `user_${rowId()}` : rowId()) },
      // Whether a letter goes out takes time, and nobody learns from that.
      backgroundTasks: { handler: inBackground },
    },
    databaseHooks: hooksOf(options),
    // Ours say the same by ids, and without tokens.
    disabledPaths: ['/list-sessions', '/revoke-session', '/revoke-sessions', '/revoke-other-sessions', '/update-session', '/get-session', '/error', '/ok'],
    logger: { log: (level, message) => { if (level === 'error') options.onTrouble('signing in', message) } },
    onAPIError: { onError: (error) => passOn(error, options) },
    plugins: [...pluginsOf(options, link), ...(ways.plugins ?? [])], ...(ways.socialProviders && { socialProviders: ways.socialProviders }),
  }
  return betterAuth(base)
}

/** What the library says of a secret that it looks for. */
const SECRET_GONE = /^Secret version \d+ not found in keys/

/** The library's own refusals it says itself. Anything else is answered as everywhere here: a store that is away is no bug. Throws it. */
function passOn(error: unknown, { onTrouble }: AuthOptions): void {
  if (isAPIError(error)) {
    if (error.status === 'INTERNAL_SERVER_ERROR') onTrouble('signing in', error.message)
    return
  }
  if (!(error instanceof Error) || !SECRET_GONE.test(error.message)) throw error
  onTrouble('a second factor cannot be opened', 'the secret that it was sealed with is gone: put it behind the new one in SWITCHYARD_AUTH_SECRET, apart by a comma, or take the factor with `switchyard people drop-factor <e-mail>`')
  throw new Fault('unavailable', 'Your second factor cannot be checked any more: the secret of this server that it was sealed with is gone. Ask whoever runs this server to take the factor away (`switchyard people drop-factor`); then sign in without it, and set up a new one.')
}

/** Each sign-in with the right password has one sent, as long as the address is not confirmed: whoever made the account with somebody else's would fill their mailbox. */
async function sendConfirmation(options: AuthOptions, { id, email }: { readonly id: string; readonly email: string }, url: string): Promise<void> {
  const { store, clock, letters } = options
  if (await mayBeWritten(options, id) && await store.countAttempt([lettersTo('confirmation', email)], clock.wallMs()) === 0) await letters.send({ purpose: 'verify', email, url, lastsMs: VERIFY_MS })
}

/**
 * Who follows a link first runs a fresh install. Who made themselves an account has shown the code for that; whom the command line or a directory has made
 * has not, and waits until somebody runs it.
 */
async function mayBeWritten({ store, setUp, onTrouble }: AuthOptions, userId: string): Promise<boolean> {
  if (!await store.isFresh() || await setUp.mayBeFirst(undefined, true) || await store.countSignIn({ model: 'account', where: [{ field: 'userId', operator: 'eq', value: userId, isOr: false }] }) > 0) return true
  onTrouble('a letter was not sent', 'nobody runs this install yet: somebody whom the command line or a directory has let in can sign in once its first person is there')
  return false
}

function pluginsOf(options: AuthOptions, link: (path: string, token: string) => string): BetterAuthPlugin[] {
  const { publicUrl, letters, store } = options
  const second = twoFactor({ issuer: new URL(publicUrl).hostname })
  return [
    magicLink({
      expiresIn: MAGIC_MS / 1000, storeToken: 'hashed',
      // Whoever is not here, and may not make themselves a person here, gets none.
      sendMagicLink: async ({ email, token }) => {
        const address = email.toLowerCase()
        const [known] = await store.findSignIn({ model: 'user', where: [{ field: 'email', operator: 'eq', value: address, isOr: false }] })
        if (known ? await mayBeWritten(options, String(known['id'])) : await maySignUp(address, { isByLetter: true }, options)) await letters.send({ purpose: 'sign_in', email, url: link('/magic-link', token), lastsMs: MAGIC_MS })
      },
    }),
    second, secondFactorAfterLink(second), externalSession(options.flows),
    passkey({
      rpID: new URL(publicUrl).hostname, rpName: 'Switchyard', origin: publicUrl, authenticatorSelection: { userVerification: 'required' },
      registration: { afterVerification: ({ verification }) => checkVerified(verification.registrationInfo?.userVerified) },
      authentication: { afterVerification: ({ verification }) => checkVerified(verification.authenticationInfo.userVerified) },
    }),
  ]
}

/** A passkey is two factors by itself, and no second one is asked for after it: by what somebody has alone nobody comes in. */
function checkVerified(isVerified: boolean | undefined): void {
  if (isVerified !== true) throw new APIError('UNAUTHORIZED', { code: 'NOT_VERIFIED', message: 'This passkey did not ask whether it is you, by a PIN, a finger or a face: set that up on it first.' })
}

/** A link in a letter is one factor, and so is a provider's word: who has a second is asked for it there too. */
function secondFactorAfterLink({ hooks }: ReturnType<typeof twoFactor>): BetterAuthPlugin {
  const [after] = hooks.after
  return { id: 'two-factor-after-link', hooks: { after: after ? [{ matcher: ({ path }) => path === '/magic-link/verify' || path === FINISH_PATH, handler: after.handler }] : [] } }
}

/** Where only a link lets a new person in. */
const BY_LETTER = new Set(['/sign-up/email', '/magic-link/verify'])

type Hooks = NonNullable<BetterAuthOptions['databaseHooks']>

/** Who may become a person, by what name; and who may not come in. */
function hooksOf(rules: AuthOptions): Hooks {
  const { store, clock } = rules
  return {
    user: {
      create: {
        before: async (user, asked) => {
          const named = checked(user)
          const comes = { setUpCode: asked?.headers?.get(SET_UP_CODE) ?? undefined, isByLetter: BY_LETTER.has(asked?.path ?? '') }
          if (!await maySignUp(user.email, comes, rules)) throw new APIError('FORBIDDEN', { code: 'NOT_INVITED', message: whyNotSignUp(rules.instance) })
          return { data: { ...user, ...named, email: orBadRequest(() => readEmail(user.email)) } }
        },
      },
      update: { before: async (user) => ({ data: { ...user, ...checked(user) } }) },
    },
    session: {
      create: {
        before: async ({ userId, expiresAt }, asked) => {
          if (await store.isDisabled(userId)) throw new APIError('FORBIDDEN', { code: 'DISABLED', message: 'This person may not sign in; ask an admin.' })
          await refuseOwnWays(rules, userId, asked?.path ?? '')
          if (asked?.path === '/two-factor/verify-totp' && !asked.context.session) await useCode(rules, userId, String(asked.body?.code))
          // The cookie lives as long as any session may; this one ends sooner, unless it is used (cookie-sessions.ts).
          return { data: { expiresAt: new Date(Math.min(expiresAt.getTime(), clock.wallMs() + SESSION_MS.idle)) } }
        },
      },
    },
  }
}

/** Whose organization signs them in comes in no other way. Second factors follow a first one, which was asked. */
async function refuseOwnWays({ store, mustUse }: AuthOptions, userId: string, path: string): Promise<void> {
  if (path === FINISH_PATH || path.startsWith('/two-factor/')) return
  const [user] = await store.findSignIn({ model: 'user', where: [{ field: 'id', operator: 'eq', value: userId, isOr: false }] })
  const name = await mustUse(String(user?.['email'] ?? ''))
  if (name !== undefined) throw new APIError('FORBIDDEN', { code: 'SSO_REQUIRED', message: `Your organization signs you in with ${name}: enter your address on the sign-in page, and choose your organization.` })
}

/** A code of an app signs somebody in once, though it would hold for a while (RFC 6238, section 5.2): who saw it typed cannot use it after them. */
async function useCode({ store, clock }: AuthOptions, userId: string, code: string): Promise<void> {
  const waitMs = await store.countAttempt([{ key: `code ${code} of ${userId}`, windowMs: CODE_MS, max: 1 }], clock.wallMs())
  if (waitMs > 0) throw new APIError('UNAUTHORIZED', { code: 'CODE_USED', message: 'This code was used already: wait for the next one, and sign in again.' })
}

/** Names in one line, pictures by https: they go into letters and pages. */
function checked(user: Readonly<Record<string, unknown>>): Record<string, string | null> {
  const out: Record<string, string | null> = {}
  for (const [field, name] of [['firstName', 'first_name'], ['lastName', 'last_name'], ['name', 'name']] as const) {
    const value = user[field]
    if (typeof value === 'string') out[field] = orBadRequest(() => readName(name, value, field === 'name' ? FULL_NAME_CHARS_MAX : undefined)) ?? (field === 'name' ? '' : null)
  }
  const { image } = user
  if (typeof image === 'string' && !/^https:\/\/[^\s"'<>]{1,1000}$/.test(image)) throw new APIError('BAD_REQUEST', { code: 'INVALID_IMAGE', message: '`image` is an https:// address.' })
  return out
}

function orBadRequest<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Fault) throw new APIError('BAD_REQUEST', { code: 'INVALID_FIELD', message: error.message })
    throw error
  }
}

/** The library's limits, counted by all processes together. */
function limitsIn(store: SignInStore, clock: Clock): NonNullable<NonNullable<BetterAuthOptions['rateLimit']>['customStorage']> {
  return {
    async consume(key, { window, max }) {
      const waitMs = await store.countAttempt([{ key: `path:${key}`, windowMs: window * 1000, max }], clock.wallMs())
      return { allowed: waitMs === 0, retryAfter: waitMs === 0 ? null : Math.ceil(waitMs / 1000) }
    },

  }
}

