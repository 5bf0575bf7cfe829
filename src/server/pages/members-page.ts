import { invitationState, type Invitation } from '../../accounts/invitation.ts'
import type { Account, Member } from '../../accounts/organization.ts'
import { mayDo, ROLES, type Role } from '../../accounts/roles.ts'
import type { LiveSession } from '../../accounts/sign-in-store.ts'
import { userName } from '../../accounts/user.ts'
import { asObject, asString } from '../../core/json.ts'
import { createOrganization } from '../api/invitations.ts'
import { leaveAccount } from '../api/me.ts'
import { changeMember, createInvitation, removeMember, revokeInvitation } from '../api/organization.ts'
import { accessOfSession } from '../session.ts'
import { accountPage, behind, dayOf, doneIn, offsetIn, onceShown, paging, unseen } from './account-page.ts'
import { html, type Html, type Piece } from './html.ts'
import { goTo } from './layout.ts'
import { operate, typedIn, withTrouble, type Shown } from './operate.ts'
import type { PageContext } from './page-context.ts'

const ROWS = 50
const INVITATIONS = 100
const ROLE_NAMES: Readonly<Record<Role, string>> = { admin: 'Admin', member: 'Member' }

const DONE = { invited: 'A letter with the invitation is on its way.', revoked: 'The invitation is revoked.', changed: 'The role is changed.', removed: 'They are removed, and their keys here are disabled.', made: 'You are in your new organization.' }

/** `GET /members`: who is in the organization, and who is invited; admins change it. */
export async function showMembers(context: PageContext, live: LiveSession, shown?: Shown): Promise<Response> {
  const account = await context.people.account(live.accountId)
  const good = doneIn(context, DONE)
  if (account?.kind !== 'organization') return await accountPage(context, live, { title: 'Members', shown, good, body: newOrganization(typedIn(context, shown, 'organization')('name')) })
  return await accountPage(context, live, { title: 'Members', shown, good, body: await organizationBody(context, live, { account, shown }) })
}

/** `POST /members/organization`: a new one, which they look at from now on. */
export const makeOrganization = withTrouble('organization', showMembers, async (context, live) => {
  const { data } = await operate(context, live, createOrganization, { body: { name: context.field('name') } })
  await context.signIn.store.chooseAccount(live.id, asString(asObject(data)?.['id']) ?? '')
  return goTo('/members?done=made')
})

/** `POST /members/invite`: by letter; where there is no mail server, whoever invites passes the link on. */
export const invite = withTrouble('invite', showMembers, async (context, live) => {
  const { token, url, is_mailed: isMailed } = await operate(context, live, createInvitation, { body: { email: context.field('email').trim(), role: context.field('role') } })
  if (isMailed === true) return goTo('/members?done=invited')
  const link = asString(url) ?? `${context.signIn.site.url}/invitations/${asString(token) ?? ''}`
  return await accountPage(context, live, { title: 'Invitation', body: html`<section><h2>Pass this link on to ${context.field('email')}</h2>
<p>There is no mail server here, so nobody but you can. It is for this address alone, once, for a week; you see it only now.</p>${onceShown('link', link)}<p><a href="/members">To the members</a></p></section>` })
})

/** `POST /members/revoke`: the link of the invitation is worth nothing any more. */
export const revoke = withTrouble('revoke', showMembers, async (context, live) => {
  await operate(context, live, revokeInvitation, { params: { id: context.field('id') } })
  return goTo('/members?done=revoked')
})

/** `POST /members/role`. */
export const setRole = withTrouble('role', showMembers, async (context, live) => {
  await operate(context, live, changeMember, { params: { id: context.field('id') }, body: { role: context.field('role') } })
  return goTo('/members?done=changed')
})

/** `POST /members/remove`. */
export const remove = withTrouble('remove', showMembers, async (context, live) => {
  await operate(context, live, removeMember, { params: { id: context.field('id') } })
  return goTo('/members?done=removed')
})

/** `POST /members/leave`: out of the organization that the page was of, by themselves. */
export const leave = withTrouble('leave', showMembers, async (context, live) => {
  await operate(context, live, leaveAccount, { params: { id: context.field('id') } })
  return goTo('/')
})

function newOrganization(name: string): Html {
  return html`<section><h2>Make an organization</h2><p class="soft">This account is yours alone. In an organization several people share credit and limits, each with their own keys. You are its first admin, and keep your own account.</p>
<form method="post" action="/members/organization"><label>Name<input name="name" required maxlength="100" placeholder="Acme" value="${name}"></label><button>Make it</button></form></section>`
}

async function organizationBody(context: PageContext, live: LiveSession, { account, shown }: { readonly account: Account; readonly shown: Shown | undefined }): Promise<Html> {
  const { people, clock } = context
  accessOfSession(live, 'members.read')
  const mayChange = mayDo(live.role, 'members.change')
  const offset = offsetIn(context)
  const [{ rows, total }, invitations] = await Promise.all([people.listMembers(live.accountId, { offset, limit: ROWS }), mayDo(live.role, 'invitations.read') ? people.listInvitations(live.accountId, { offset: 0, limit: INVITATIONS }) : undefined])
  const open = invitations?.rows.filter((one) => invitationState(one, clock.wallMs()) === 'open') ?? []
  const typed = typedIn(context, shown, 'invite')
  return html`${mayDo(live.role, 'invitations.change') && html`<section><h2>Invite somebody</h2><form method="post" action="/members/invite"><label>E-mail<input name="email" type="email" required maxlength="254" placeholder="name@example.com" value="${typed('email')}"></label>
<label>Role${roleSelect(typed('role') === 'admin' ? 'admin' : 'member')}</label><p class="soft">Members make keys for themselves. Admins see all keys, buy credit and change who is in.</p><button>Invite</button></form></section>`}
${open.length > 0 && html`<section><h2>Invited</h2><ul class="list">${open.map((one) => html`<li>${invitationEntry(one)}</li>`)}</ul></section>`}
<section><h2>${account.name}: ${total} ${total === 1 ? 'member' : 'members'}</h2><ul class="list">${rows.map((member) => html`<li class="entry">${memberEntry(member, { live, mayChange })}</li>`)}</ul>${paging('/members', { offset, size: ROWS, hasMore: offset + rows.length < total })}</section>`
}

function invitationEntry({ id, email, role, expiresMs }: Invitation): Html {
  return html`<span>${email}<br><small>as ${role === 'admin' ? 'an admin' : 'a member'} · until ${dayOf(expiresMs)}</small></span>
<form method="post" action="/members/revoke"><input type="hidden" name="id" value="${id}"><button class="plain small">Revoke${unseen(`the invitation of ${email}`)}</button></form>`
}

function memberEntry({ accountId, userId, role, user, createdMs }: Member, { live, mayChange }: { readonly live: LiveSession; readonly mayChange: boolean }): Html {
  const name = userName(user)
  const isSelf = userId === live.user.id
  return html`<div class="head"><span><strong>${name}</strong>${isSelf && ' (you)'} ${user.disabledMs !== null && html`<span class="badge">disabled</span>`}<br><small>${user.email} · since ${dayOf(createdMs)}</small></span><span class="badge">${ROLE_NAMES[role]}</span></div>
${mayChange && behind(html`Change${unseen(name)}`, html`<form method="post" action="/members/role" class="row"><input type="hidden" name="id" value="${userId}"><label>Role${roleSelect(role)}</label><button class="plain">Set${unseen(`the role of ${name}`)}</button></form>
${!isSelf && html`<form method="post" action="/members/remove"><input type="hidden" name="id" value="${userId}"><p class="soft">Removed, they cannot come in any more, and their keys here are disabled. What they used stays on record.</p><button class="plain small">Remove${unseen(name)}</button></form>`}`)}
${isSelf && behind('Leave', html`<form method="post" action="/members/leave"><input type="hidden" name="id" value="${accountId}"><p class="soft">You are in it no more, and your keys here are disabled. An admin can invite you again.</p><button class="plain small">Leave the organization</button></form>`)}`
}

function roleSelect(selected: Role): Piece {
  return html`<select name="role">${ROLES.toReversed().map((role) => html`<option value="${role}"${role === selected && html` selected`}>${ROLE_NAMES[role]}</option>`)}</select>`
}
