import { invitationState } from '../../accounts/invitation.ts'
import { Fault } from '../../core/fault.ts'
import { html } from './html.ts'
import { goTo, page, said } from './layout.ts'
import { withNext, type PageContext } from './page-context.ts'

/** `GET /invitations/{token}`: what it invites to, and the way in. */
export async function showInvitation(context: PageContext, trouble?: string): Promise<Response> {
  const { people, params, live, clock, url } = context
  const invitation = await people.invitation(params['token'] ?? '')
  const account = invitation && await people.account(invitation.accountId)
  if (!invitation || !account) return page({ title: 'No invitation', status: 404, body: html`<section><h1>There is no such invitation</h1><p>Ask for a new one: the link may have been cut.</p></section>` })
  const state = invitationState(invitation, clock.wallMs())
  const title = `Join ${account.name}`
  // Accepted by who looks at it, perhaps with a second click.
  if (state === 'accepted' && live?.user.email === invitation.email && await people.member(account.id, live.user.id)) return goTo('/')
  if (state !== 'open') return page({ title, status: 410, body: html`<section><h1>${title}</h1><p class="bad">This invitation is not open any more: it was ${state === 'expired' ? 'for a week, which is over' : state}.</p><p><a href="/">Home</a></p></section>` })
  const { email, role } = invitation
  const to = url.pathname
  const signUp = `/sign-up?next=${encodeURIComponent(to)}&email=${encodeURIComponent(email)}`
  return page({ title, body: html`<section><h1>${title}</h1>${said('bad', trouble)}<p>You are invited as ${role === 'admin' ? 'an admin' : 'a member'}, with the address ${email}.</p>
${live?.user.email === email ? html`<form method="post" action="${to}"><button>Accept</button></form>`
    : live ? html`<p class="soft">You are signed in as ${live.user.email}.</p><form method="post" action="/sign-out"><button class="plain">Sign out</button></form>`
      : html`<p><a href="${signUp}">Make an account</a> with this address, or <a href="${withNext('/sign-in', to)}">sign in</a>.</p>`}</section>` })
}

/** `POST /invitations/{token}`: they are in, and look at the organization. */
export async function acceptInvitation(context: PageContext): Promise<Response> {
  const { live, people, params, signIn, url } = context
  if (!live) return goTo(withNext('/sign-in', url.pathname))
  try {
    const { accountId } = await people.acceptInvitation(params['token'] ?? '', live.user)
    await signIn.store.chooseAccount(live.id, accountId)
    return goTo('/')
  } catch (error) {
    if (!(error instanceof Fault) || error.status >= 500) throw error
    return await showInvitation(context, error.message)
  }
}
