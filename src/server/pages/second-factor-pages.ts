import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { html, type Html } from './html.ts'
import { goTo, page, said } from './layout.ts'
import { showSecurity } from './own-pages.ts'
import { ask, type PageContext } from './page-context.ts'
import { troubleOf } from './sign-in-pages.ts'

/** What *Security* shows of it. */
export function secondFactor(isOn: boolean): Html {
  return isOn ? html`<p class="good">On: after your password you are asked for a code.</p><form method="post" action="/security/two-factor-off"><label>Password<input name="password" type="password" autocomplete="current-password" required></label><button class="plain">Turn it off</button><button class="plain" formaction="/security/backup-codes">Make new backup codes</button></form>`
    : html`<form method="post" action="/security/two-factor"><p class="soft">An app on your phone shows a code that you type after your password.</p><label>Password<input name="password" type="password" autocomplete="current-password" required></label><button class="plain">Set it up</button></form>`
}

/** `POST /security/two-factor`: shows the secret for the app, and the backup codes, this once. */
export async function setUpTwoFactor(context: PageContext, live: LiveSession): Promise<Response> {
  const answer = await ask(context, { path: '/two-factor/enable', body: { password: context.field('password') } })
  const { totpURI: uri, backupCodes: codes } = answer.json
  const { qrCode } = await import('./qr-code.ts')
  if (!answer.isOk || typeof uri !== 'string' || !Array.isArray(codes)) return await showSecurity(context, live, { trouble: troubleOf(answer), status: answer.status })
  return page({ title: 'Second factor', cookies: answer.cookies, body: html`<section><h1>Second factor</h1><p>Scan this with your app. On the phone itself, <a href="${uri}">open it there</a>, or type the secret.</p>${qrCode(uri, 'QR code of the secret')}
<p><code>${new URL(uri).searchParams.get('secret')}</code></p><h2>Backup codes</h2>${listed(codes)}
${codeForm}</section>` })
}

const codeForm = html`<form method="post" action="/security/two-factor-confirm"><label>The code that your app shows now<input name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="10"></label><button>Turn it on</button></form>`

/** `POST /security/two-factor-confirm`: on from now on. */
export async function confirmTwoFactor(context: PageContext): Promise<Response> {
  const answer = await ask(context, { path: '/two-factor/verify-totp', body: { code: context.field('code').replace(/\s/g, '') } })
  if (answer.isOk) return goTo('/security', answer.cookies)
  return page({ title: 'Second factor', status: answer.status, body: html`<section><h1>Second factor</h1>${said('bad', troubleOf(answer))}${codeForm}</section>` })
}

/** `POST /security/two-factor-off`. */
export async function endTwoFactor(context: PageContext, live: LiveSession): Promise<Response> {
  const answer = await ask(context, { path: '/two-factor/disable', body: { password: context.field('password') } })
  return answer.isOk ? goTo('/security', answer.cookies) : await showSecurity(context, live, { trouble: troubleOf(answer), status: answer.status })
}

/** `POST /security/backup-codes`: new ones; the old ones are over. */
export async function newBackupCodes(context: PageContext, live: LiveSession): Promise<Response> {
  const answer = await ask(context, { path: '/two-factor/generate-backup-codes', body: { password: context.field('password') } })
  const { backupCodes: codes } = answer.json
  if (!answer.isOk || !Array.isArray(codes)) return await showSecurity(context, live, { trouble: troubleOf(answer), status: answer.status })
  return page({ title: 'Backup codes', cookies: answer.cookies, body: html`<section><h1>Backup codes</h1><p>Those that you had before do not work any more.</p>${listed(codes)}</section><p class="soft"><a href="/security">Back to security</a></p>` })
}

function listed(codes: readonly unknown[]): Html {
  return html`<p class="soft">Keep them where your phone is not. Each works once, and this is the only time that you see them.</p><ul class="codes">${codes.map((code) => html`<li>${String(code)}</li>`)}</ul>`
}
